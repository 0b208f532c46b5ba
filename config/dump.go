package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Masked is the effective configuration as indented JSON, the way logs and the
// API may show it: secrets are masked, durations are text.
func (c Config) Masked() json.RawMessage {
	compact, err := encodeJSON(c.tree(maskSecrets))
	if err != nil {
		// A tree of maps, lists and plain values always encodes.
		return json.RawMessage(`{}`)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return compact
	}
	return out.Bytes()
}

// MarshalJSON is Masked.
func (c Config) MarshalJSON() ([]byte, error) { return c.Masked(), nil }

// String is Masked.
func (c Config) String() string { return string(c.Masked()) }

// GoString is Masked, for %#v.
func (c Config) GoString() string { return string(c.Masked()) }

// String shows a plugin with its secrets masked.
func (p Plugin) String() string {
	text, err := encodeJSON(newDumper(maskSecrets, p.origin).plugin(p, "plugins/"+p.Name))
	if err != nil {
		return p.Name
	}
	return string(text)
}

// GoString is String, for %#v.
func (p Plugin) GoString() string { return p.String() }

// MarshalJSON is String.
func (p Plugin) MarshalJSON() ([]byte, error) { return []byte(p.String()), nil }

// Hash tells configurations apart: equal for equal effective configurations,
// whatever the order of files and blocks. The name and the address of a node
// are left out, so that nodes with the same files have the same hash. Secrets
// enter as digests.
func (c Config) Hash() string {
	tree := c.tree(digestSecrets)
	if server, ok := tree["server"].(map[string]any); ok {
		delete(server, "name")
		delete(server, "listen")
	}
	text, err := encodeJSON(tree)
	if err != nil {
		text = []byte(err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Scrub replaces every secret of the configuration that stands in text.
func (c *Config) Scrub(text string) string {
	if c.origin == nil {
		return text
	}
	return c.origin.secrets.scrub(text)
}

// Diagnose makes a diagnostic at a place of the configuration, with its snippet
// and without secrets.
func (c *Config) Diagnose(at hcl.Range, summary, detail string) Diagnostic {
	if c.origin == nil {
		return newOrigin().diagnose(at, summary, detail)
	}
	return c.origin.diagnose(at, summary, detail)
}

type dumpMode int8

const (
	maskSecrets dumpMode = iota
	digestSecrets
)

// tree is the configuration as maps and lists; plugins and tasks are by name.
func (c Config) tree(mode dumpMode) map[string]any {
	return newDumper(mode, c.origin).structure(reflect.ValueOf(c), "")
}

// dumper turns the structs of this package into maps and lists.
type dumper struct {
	mode dumpMode
	// masked are the paths whose values came from secrets.
	masked map[string]bool
	// text is applied to every text that is shown.
	text func(string) string
}

// newDumper masks what origin knows; without one, only what is secret by type.
func newDumper(mode dumpMode, o *origin) *dumper {
	d := &dumper{mode: mode, text: strings.Clone}
	if o != nil {
		d.masked = o.maskedPaths
		if mode == maskSecrets {
			d.text = o.secrets.scrub
		}
	}
	return d
}

func (d *dumper) value(v reflect.Value, path string) any {
	if p, ok := reflect.TypeAssert[Plugin](v); ok {
		return d.plugin(p, path)
	}
	if d.masked[path] && d.mode == maskSecrets {
		return hiddenText
	}
	switch value := v.Interface().(type) {
	case Secret:
		return d.secret(value)
	case time.Duration:
		return shortDuration(value)
	}
	switch v.Kind() {
	case reflect.Pointer: // a block that may be absent
		return d.value(v.Elem(), path)
	case reflect.Struct:
		return d.structure(v, path)
	case reflect.Slice:
		return d.list(v, path)
	case reflect.String:
		return d.text(v.String())
	default:
		return v.Interface()
	}
}

func (d *dumper) structure(v reflect.Value, path string) map[string]any {
	out := map[string]any{}
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		optional := options == "omitempty" || options == "omitzero"
		if name == "" || name == "-" || (optional && v.Field(i).IsZero()) {
			continue
		}
		out[name] = d.value(v.Field(i), strings.TrimPrefix(path+"/"+name, "/"))
	}
	return out
}

// list is a map by name where the elements have one.
func (d *dumper) list(v reflect.Value, path string) any {
	switch v.Interface().(type) {
	case []Plugin, []Task:
		out := map[string]any{}
		for i := range v.Len() {
			name := v.Index(i).FieldByName("Name").String()
			out[name] = d.value(v.Index(i), path+"/"+name)
		}
		return out
	}
	out := []any{}
	for i := range v.Len() {
		out = append(out, d.value(v.Index(i), fmt.Sprintf("%s/%d", path, i)))
	}
	return out
}

func (d *dumper) plugin(p Plugin, path string) any {
	var config any = p.shown
	if d.mode == digestSecrets {
		config = d.digest(string(p.Config))
	}
	absent := len(p.Config) == 0
	p.Config = nil
	out := d.structure(reflect.ValueOf(p), path)
	if !absent {
		out["config"] = config
	}
	return out
}

func (d *dumper) secret(s Secret) string {
	if d.mode == maskSecrets || s == "" {
		return s.String()
	}
	return d.digest(string(s))
}

func (d *dumper) digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
