package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headrace/headrace/config"
)

func TestHashIsTheSameForTheSameEffect(t *testing.T) {
	t.Parallel()
	base := load(t, "limits {\n payload = 9\n}\ntask \"demo.fail\" {\n}\ntask \"demo.sleep\" {\n}").Hash()
	for name, c := range map[string]struct {
		source string
		same   bool
	}{
		"other order":     {"task \"demo.sleep\" {\n}\ntask \"demo.fail\" {\n}\nlimits {\n payload = 3 * 3\n}", true},
		"default written": {"limits {\n payload = 9\n}\ntask \"demo.fail\" {\n timeout = \"30s\"\n}\ntask \"demo.sleep\" {\n}", true},
		"other node":      {"server {\n name = \"b\"\n listen = \"b:1\"\n}\nlimits {\n payload = 9\n}\ntask \"demo.fail\" {\n}\ntask \"demo.sleep\" {\n}", true},
		"other limit":     {"limits {\n payload = 8\n}\ntask \"demo.fail\" {\n}\ntask \"demo.sleep\" {\n}", false},
		"other task":      {"limits {\n payload = 9\n}\ntask \"demo.fail\" {\n}\ntask \"demo.echo\" {\n plugin = \"demo\"\n}", false},
		"other lease":     {"server {\n lease = \"5s\"\n}\nlimits {\n payload = 9\n}\ntask \"demo.fail\" {\n}\ntask \"demo.sleep\" {\n}", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := load(t, c.source).Hash() == base; got != c.same {
				t.Errorf("equal is %t, want %t", got, c.same)
			}
		})
	}
}

func TestHashKnowsASecretThatChanged(t *testing.T) {
	t.Parallel()
	a := loadWith(t, secretive, secretiveEnv)
	changed := map[string]string{"DB": "postgres://u:other@h/d", "NODE": "n", "KEY": "k"}
	if b := loadWith(t, secretive, changed); a.Hash() == b.Hash() {
		t.Error("the hash is the same")
	}
	if b := loadWith(t, secretive, secretiveEnv); a.Hash() != b.Hash() {
		t.Error("the hash is not stable")
	}
}

func TestPlaceLeadsToTheNearestPart(t *testing.T) {
	t.Parallel()
	cfg := load(t, strings.Join([]string{
		`plugin "exec" {`,       // 1
		`  config {`,            // 2
		`    commands = {`,      // 3
		`      ls = "/bin/ls"`,  // 4
		`    }`,                 //
		`  }`,                   //
		`}`,                     //
		`task "exec.command" {`, // 8
		`  timeout = "1s"`,      // 9
		`  retry { max = 1 }`,   // 10
		`}`,                     //
	}, "\n"))
	p, task := cfg.Plugins[0].Place, cfg.Tasks[0].Place
	for name, c := range map[string]struct{ line, want int }{
		"value":          {p.Of("config", "commands", "ls").Start.Line, 4},
		"below a value":  {p.Of("config", "commands", "ls", "x").Start.Line, 4},
		"missing key":    {p.Of("config", "commands", "cat").Start.Line, 3},
		"missing config": {p.Of("config", "x").Start.Line, 2},
		"missing":        {p.Of("args").Start.Line, 1},
		"attribute":      {task.Of("timeout").Start.Line, 9},
		"nested":         {task.Of("retry", "max").Start.Line, 10},
		"nested missing": {task.Of("retry", "cap").Start.Line, 10},
		"block":          {task.Of().Start.Line, 8},
	} {
		if c.line != c.want {
			t.Errorf("%s: line %d, want %d", name, c.line, c.want)
		}
	}
}

func TestAnUnknownAttributeIsOneFinding(t *testing.T) {
	t.Parallel()
	source := "plugin \"exec\" {\n config {\n  commands = { ls = \"/bin/ls\" }\n  comands = 1\n }\n}"
	_, diags := config.LoadSource("t.hcl", []byte(source), ".", config.Options{Schemas: plugins()})
	want := `t.hcl:4,3-10: Unsupported attribute; the plugin's config has no "comands"; did you mean "commands"?`
	if got := diags.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHashKnowsAConfigThatChanged(t *testing.T) {
	t.Parallel()
	const source = "plugin \"thumbs\" {\n command = \"t\"\n config {\n  cache_dir = \"/c\"\n  token = \"%s\"\n }\n}"
	a, b := load(t, fmt.Sprintf(source, "token-one")), load(t, fmt.Sprintf(source, "token-two"))
	if a.Hash() == b.Hash() {
		t.Error("a changed secret gives the same hash")
	}
}

func TestDiagnoseShowsThePlaceWithoutSecrets(t *testing.T) {
	t.Parallel()
	cfg := loadWith(t, secretive, secretiveEnv)
	d := cfg.Diagnose(cfg.Plugins[0].Place.Of("config", "token"), "Refused", "the server says:\n token-literal is \x1b[31mwrong.")
	if got, want := d.String(), `t.hcl:22,17-32: Refused; the server says: (secret) is [31mwrong`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := "    22 |     token     = \"(secret)\"\n       |                 ^^^^^^^^^^"; d.Snippet != want {
		t.Errorf("got\n%s\nwant\n%s", d.Snippet, want)
	}
}

func TestDiagnosticsAreAnError(t *testing.T) {
	t.Parallel()
	_, diags := config.LoadSource("t.hcl", []byte("server {\n lease = 1\n listen = 2\n}"), ".", config.Options{})
	var found config.Diagnostics
	if err := diags.Err(); !errors.As(err, &found) || len(found) != 2 {
		t.Fatalf("got %v", err)
	}
	if lines := strings.Split(diags.Error(), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "t.hcl:2,10-11: ") {
		t.Errorf("got %q", lines)
	}
}

func TestLoadSaysWhyItCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large.hcl")
	if err := os.WriteFile(large, make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.hcl"): "no such file or directory",
		empty:                          "the folder has no *.hcl file",
		large:                          "the file is larger than 1048576 bytes",
	} {
		_, diags := config.Load(path, config.Options{})
		if got := diags.Error(); got != path+": Cannot read the configuration; "+want {
			t.Errorf("got %q", got)
		}
	}
}

func TestWhatIsNestedTooDeeplyIsRefused(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"brackets": "locals { a = " + strings.Repeat("[", 50_000),
		"not":      "locals { a = " + strings.Repeat("!", 50_000) + "true }",
		"minus":    "locals { a = " + strings.Repeat("-", 50_000) + "1 }",
		"choice":   "locals { a = " + strings.Repeat("true ? 1 : ", 5_000) + "1 }",
	} {
		_, diags := config.LoadSource("t.hcl", []byte(source), ".", config.Options{})
		if !strings.Contains(diags.Error(), "Nested too deeply") {
			t.Errorf("%s: %.200s", name, diags.Error())
		}
	}
}

func TestNumbersThatFillTheMemoryAreRefused(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{
		`1e9999999`, `jsonencode(1e9999999)`, `jsonencode(1E-9999999)`, `"x${1e99999999999999999999}"`,
		`jsonencode(jsondecode("1e9999999"))`, `jsonencode(tonumber("1e9999999"))`,
		`jsonencode(` + strings.Repeat("9", 2000) + `)`, `1e1000 * 1e1000`,
	} {
		_, diags := config.LoadSource("t.hcl", []byte("locals {\n a = "+expr+"\n}"), ".", config.Options{})
		if !strings.Contains(diags.Error(), "numbers lie between") {
			t.Errorf("%.40s: %.200s", expr, diags.Error())
		}
	}
}

func TestExamplesAreValidAndFormatted(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "examples")
	var found int
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".hcl" {
			return err
		}
		found++
		opts := config.Options{LookupEnv: exampleEnv}
		if filepath.Dir(path) == root { // these use built-in plugins only
			opts.Schemas = plugins()
		}
		_, diags := config.Load(path, opts)
		if diags.Err() != nil {
			t.Error(diags)
		}
		if changed, _ := config.CheckFormat(path); len(changed) > 0 {
			t.Errorf("%s is not formatted", path)
		}
		return nil
	})
	if err != nil || found < 3 {
		t.Fatalf("%d examples: %v", found, err)
	}
}

func exampleEnv(name string) (string, bool) {
	value, ok := map[string]string{
		"DATABASE_URL": "postgres://headrace@localhost/headrace",
		"REDIS_URL":    "redis://localhost:6379/0",
	}[name]
	return value, ok
}
