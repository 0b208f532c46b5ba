package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/headrace/headrace/config"
)

// seed adds the files of the golden cases and the examples.
func seed(f *testing.F) {
	f.Helper()
	cases, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range cases {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	examples, err := filepath.Glob("../examples/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// Load never panics, gives a configuration or diagnostics but not both, and
// shows no value of the environment.
func FuzzLoad(f *testing.F) {
	seed(f)
	const secret = "zq-environment-value-zq"
	f.Fuzz(func(t *testing.T, source []byte) {
		cfg, diags := config.LoadSource("f.hcl", source, t.TempDir(), config.Options{
			Schemas:   plugins(),
			LookupEnv: func(name string) (string, bool) { return secret, len(name)%2 == 0 },
		})
		if (cfg == nil) != (len(diags) > 0) {
			t.Fatalf("configuration %v with %d diagnostics", cfg != nil, len(diags))
		}
		var out bytes.Buffer
		if err := diags.Write(&out); err != nil {
			t.Fatal(err)
		}
		if cfg != nil {
			out.Write(cfg.Masked())
			out.WriteString(cfg.Hash())
		}
		if strings.Contains(out.String(), secret) {
			t.Errorf("shows a secret: %s", out.String())
		}
		for line := range strings.Lines(diags.Error()) {
			if !strings.HasPrefix(line, "f.hcl:") {
				t.Errorf("without a place: %q", line)
			}
		}
	})
}

// What Format accepts stays as it is the second time and means the same.
func FuzzFormat(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, source []byte) {
		once, diags := config.FormatSource("f.hcl", source)
		if diags.Err() != nil {
			return
		}
		twice, diags := config.FormatSource("f.hcl", once)
		if diags.Err() != nil || !bytes.Equal(once, twice) {
			t.Errorf("not stable: %v\n%q\n%q", diags, once, twice)
		}
	})
}
