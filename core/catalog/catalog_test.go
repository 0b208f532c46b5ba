package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program writes a shell script as a plugin's binary.
func program(t *testing.T, script string) config.PluginRef {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plugin"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return config.PluginRef{Name: "p", Command: "plugin", Args: []string{"-x"}, PluginDir: dir}
}

func newCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.New(catalog.Config{
		Builtins: []sdk.Description{{Name: "demo", Version: "1"}}, Serve: []string{self, "plugin", "serve"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const description = `{"name":"p","version":"2","api_versions":[1],"sdk":{},"task_types":[{"name":"p.do","payload_schema":{"type":"object"}}]}`

func TestAPluginIsDescribedWithAnEmptyEnvironment(t *testing.T) {
	t.Setenv("SECRET", "x")
	ref := program(t, `[ "$1" = describe ] && [ -z "$SECRET" ] && echo '`+description+`'`)
	d, err := newCatalog(t).Describe(ref)
	if err != nil {
		t.Fatal(err)
	}
	if d.Version != "2" || len(d.TaskTypes) != 1 || string(d.TaskTypes[0].PayloadSchema) != `{"type":"object"}` {
		t.Errorf("description %+v", d)
	}
}

func TestADescriptionIsAskedForOnceABinary(t *testing.T) {
	t.Parallel()
	ref := program(t, `echo asked >> "`+filepath.Join(t.TempDir(), "log")+`"; echo '`+description+`'`)
	c := newCatalog(t)
	for range 3 {
		if _, err := c.Describe(ref); err != nil {
			t.Fatal(err)
		}
	}
	script, err := os.ReadFile(filepath.Join(ref.PluginDir, "plugin"))
	if err != nil {
		t.Fatal(err)
	}
	log := strings.Split(string(script), `"`)[1]
	if asked, err := os.ReadFile(log); err != nil || string(asked) != "asked\n" {
		t.Errorf("asked %q, %v", asked, err)
	}
}

func TestWhatIsNoPluginIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, says string }{
		"fails":          {`echo "no \033[31m way" >&2; exit 3`, "no  [31m way"},
		"says nothing":   {`exit 0`, "not a description"},
		"talks":          {`echo hello`, "not a description"},
		"never ends":     {`sleep 60`, "no answer within"},
		"floods":         {`yes`, "larger than"},
		"is from afar":   {`echo '{"name":"p","api_versions":[7]}'`, "speaks versions [7]"},
		"holds the pipe": {`sleep 60 & echo '` + description + `'`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newCatalog(t).Describe(program(t, c.script))
			if c.says == "" {
				return // an answer or a refusal, but it came in time
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("error %q, want %q", err, c.says)
			}
		})
	}
}

func TestWhereProgramsAreLookedFor(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	ref := program(t, "")
	found, err := c.Find(ref)
	if err != nil || len(found.Command) != 2 || found.Command[0] != filepath.Join(ref.PluginDir, "plugin") || found.Command[1] != "-x" || len(found.SHA256) != 64 {
		t.Errorf("found %+v, %v", found, err)
	}
	builtin, err := c.Find(config.PluginRef{Name: "demo"})
	if err != nil || strings.Join(builtin.Command[1:], " ") != "plugin serve demo" {
		t.Errorf("built-in %+v, %v", builtin, err)
	}
	if err := os.WriteFile(filepath.Join(ref.PluginDir, "text"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]config.PluginRef{
		"outside the folder": {Command: "../plugin", PluginDir: ref.PluginDir},
		"the folder itself":  {Command: "..", PluginDir: ref.PluginDir},
		"missing":            {Command: "nothing", PluginDir: ref.PluginDir},
		"not executable":     {Command: "text", PluginDir: ref.PluginDir},
		"a folder":           {Command: ref.PluginDir},
		"no folder is set":   {Command: "plugin"},
		"no such built-in":   {Name: "nope"},
	} {
		if _, err := c.Find(bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
