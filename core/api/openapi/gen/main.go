// Command gen checks the OpenAPI document and writes it as JSON, so that the
// server needs neither a YAML parser nor a loader when it runs.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

func main() {
	in := flag.String("in", "openapi.yaml", "the document")
	out := flag.String("out", "openapi.json", "where the JSON goes")
	flag.Parse()
	if err := convert(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func convert(in, out string) error {
	doc, err := openapi3.NewLoader().LoadFromFile(in)
	if err != nil {
		return fmt.Errorf("load %s: %w", in, err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return fmt.Errorf("check %s: %w", in, err)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode %s: %w", in, err)
	}
	if text, err = publish(text); err != nil {
		return fmt.Errorf("encode %s: %w", in, err)
	}
	return os.WriteFile(out, text, 0o600)
}

// publish leaves out what only the generators of Go code need.
func publish(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var doc any
	if err := decoder.Decode(&doc); err != nil {
		return nil, err
	}
	strip(doc)
	published, err := json.MarshalIndent(doc, "", " ")
	return append(published, '\n'), err
}

// strip removes the keys that begin with x-go-, at any depth.
func strip(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if strings.HasPrefix(key, "x-go-") {
				delete(v, key)
				continue
			}
			strip(inner)
		}
	case []any:
		for _, inner := range v {
			strip(inner)
		}
	}
}
