package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/headrace/headrace/config"
)

var update = flag.Bool("update", false, "rewrite what the golden cases expect")

// A case is a txtar archive: options in the comment, one file or several, and
// in `want` the diagnostics with their snippets, or the masked configuration.
//
//	var NAME=VALUE    env NAME=VALUE    complete    no schemas
//
// The file called `dir/…` makes the case load a folder.
func TestGolden(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runCase(t, file)
		})
	}
}

func runCase(t *testing.T, file string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := loadCase(t, archive)
	last := len(archive.Files) - 1
	if last < 0 || archive.Files[last].Name != "want" {
		archive.Files, last = append(archive.Files, txtar.File{Name: "want"}), last+1
	}
	if *update {
		archive.Files[last].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(archive.Files[last].Data), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// loadCase loads the files of a case and prints what came out, with paths that
// do not depend on where the case was unpacked.
func loadCase(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	root := t.TempDir()
	load := ""
	for _, f := range archive.Files {
		if f.Name == "want" {
			continue
		}
		path := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		if load == "" {
			load = strings.Split(f.Name, "/")[0]
		}
	}
	cfg, diags := config.Load(filepath.Join(root, load), caseOptions(t, string(archive.Comment)))
	return strings.ReplaceAll(printed(t, cfg, diags), root+"/", "")
}

func printed(t *testing.T, cfg *config.Config, diags config.Diagnostics) string {
	t.Helper()
	if diags.Err() == nil {
		return cfg.String() + "\n"
	}
	var out bytes.Buffer
	if err := diags.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func caseOptions(t *testing.T, comment string) config.Options {
	t.Helper()
	env := map[string]string{}
	opts := config.Options{
		Vars:      map[string]string{},
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Schemas:   plugins(),
	}
	for line := range strings.Lines(comment) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, value, _ := strings.Cut(rest, "=")
		switch word {
		case "", "#":
		case "var":
			opts.Vars[name] = value
		case "env":
			env[name] = value
		case "complete":
			opts.Complete = true
		case "no":
			opts.Schemas = nil
		default:
			t.Fatalf("unknown option %q", word)
		}
	}
	return opts
}
