package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, violation := range violations(list(t, "./..."), broughtBySDK(t)) {
		t.Error(violation)
	}
}

func TestProgramsHoldNoTestLibraries(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "-deps", "./cmd/...", "./plugins/...") {
		if within(p.ImportPath, testLibraries) {
			t.Errorf("%s ends up in a program", p.ImportPath)
		}
	}
}

// broughtBySDK returns the modules of the libraries that sdk may import, and of what those import.
func broughtBySDK(t *testing.T) []string {
	t.Helper()
	var modules []string
	for _, p := range list(t, append([]string{"-deps"}, sdkLibraries...)...) {
		if p.Module.Path != "" && !slices.Contains(modules, p.Module.Path) {
			modules = append(modules, p.Module.Path)
		}
	}
	return modules
}

// list asks the go command for packages of this module. It does not need them to compile.
func list(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	args := append([]string{"list", "-e", "-json=ImportPath,Imports,Module"}, patterns...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = "../.."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	packages, err := decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// decode reads one JSON object after the other.
func decode(in io.Reader) ([]pkg, error) {
	var packages []pkg
	decoder := json.NewDecoder(in)
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		importer, imported string
		refused            string // part of the reason; empty: allowed
	}{
		"down":                               {"core/dispatch", "core/queue", ""},
		"down to the codes":                  {"core/event", "sdk/fault", ""},
		"up":                                 {"core/queue", "core/dispatch", "higher layer"},
		"sideways":                           {"core/intake", "core/dispatch", "neighbours"},
		"within an entry":                    {"core/api", "core/api/openapi", ""},
		"a folder counts as its entry":       {"core/queue/lua", "core/api", "higher layer"},
		"not in the table":                   {"core/queue", "core/util", "no place"},
		"config knows no core":               {"config", "core/event", "only"},
		"config knows the codes":             {"config", "sdk/fault", ""},
		"core reads config":                  {"core/alert", "config", ""},
		"sdk has no engine":                  {"sdk", "core/event", "only"},
		"event knows the codes only":         {"core/event", "sdk/proto", "only"},
		"a plugin uses sdk":                  {"plugins/task-http", "sdk/netguard", ""},
		"a plugin uses no engine":            {"plugins/task-http", "core/task", "only"},
		"a plugin has its main":              {"plugins/task-http/main", "plugins/task-http", ""},
		"a plugin uses no other":             {"plugins/task-http", "plugins/task-exec", "stands alone"},
		"app runs plugins as processes":      {"core/app", "plugins/task-http", "neighbours"},
		"cmd serves plugins":                 {"cmd/headrace", "plugins/task-http", ""},
		"the suite is for tests":             {"core/store/postgres", "core/store/storetest", "tests only"},
		"a suite uses what it tests":         {"core/store/storetest", "core/store/postgres", ""},
		"a suite uses testenv":               {"core/queue/queuetest", "core/testenv", ""},
		"an author's kit has no engine":      {"sdk/plugintest", "core/pluginhost", "only"},
		"an author's kit has sdk":            {"sdk/plugintest", "sdk", ""},
		"client is no part of sdk":           {"sdk/client", "sdk", "only"},
		"store is no part of app's lower":    {"core/auth", "core/store/sqlite", "higher layer"},
		"a name that only begins the same":   {"core/tasks", "core/task", "no place"},
		"a path that only begins like sdk's": {"core/event", "sdkx", "no place"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, tt.importer, module+tt.imported, tt.refused)
		})
	}
}

func TestRulesForWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		importer, imported string
		refused            string
	}{
		"testing in a program":          {"core/queue", "testing", "tests only"},
		"testing in a suite":            {"core/store/storetest", "testing", ""},
		"testing in testenv":            {"core/testenv/withservices", "testing", ""},
		"sdk brings grpc":               {"sdk/proto/headrace/plugin/v1", "google.golang.org/grpc/codes", ""},
		"sdk brings the library":        {"sdk", "net/http", ""},
		"sdk brings nothing else":       {"sdk", "github.com/google/uuid", "not among"},
		"nor does the authors' kit":     {"sdk/plugintest", "github.com/google/go-cmp/cmp", "not among"},
		"a module that begins the same": {"sdk", "google.golang.org/grpcx", "not among"},
		"client may":                    {"sdk/client", "github.com/google/uuid", ""},
		"core may":                      {"core/task", "github.com/google/uuid", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, tt.importer, tt.imported, tt.refused)
		})
	}
}

// expect checks one import; refused is part of the reason, empty if it is allowed.
func expect(t *testing.T, importer, imported, refused string) {
	t.Helper()
	brought := []string{"google.golang.org/grpc"}
	found := violations([]pkg{{ImportPath: module + importer, Imports: []string{imported}}}, brought)
	switch {
	case refused == "" && len(found) > 0:
		t.Errorf("refused: %v", found)
	case refused != "" && (len(found) != 1 || !strings.Contains(found[0], refused)):
		t.Errorf("got %q, want one violation with %q", found, refused)
	}
}
