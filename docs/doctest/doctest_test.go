package doctest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// root of the repository, as the tests see it.
const root = "../.."

// page is one file of the documentation.
type page struct {
	path, text string
}

// pages reads every *.md of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	var found []page
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin"):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		found = append(found, page{path: path, text: string(text)})
		return err
	})
	if err != nil || len(found) < 8 {
		t.Fatalf("%d pages, %v", len(found), err)
	}
	return found
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// blocks returns the code blocks of a language.
func (p page) blocks(language string) []string {
	var found []string
	for _, match := range fence.FindAllStringSubmatch(p.text, -1) {
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	return found
}

// environment is what the examples read by env().
func environment(name string) (string, bool) {
	value, set := map[string]string{
		"DATABASE_URL": "postgres://headrace@127.0.0.1/headrace",
		"REDIS_URL":    "redis://127.0.0.1:6379/0",
	}[name]
	return value, set
}

func TestEveryConfigurationShownLoads(t *testing.T) {
	t.Parallel()
	count := 0
	for _, p := range pages(t) {
		for i, source := range p.blocks("hcl") {
			count++
			name := fmt.Sprintf("%s, block %d", p.path, i+1)
			if _, diagnostics := config.LoadSource(name, []byte(source), t.TempDir(), config.Options{LookupEnv: environment}); len(diagnostics) > 0 {
				t.Errorf("%s", diagnostics.Err())
			}
		}
	}
	if count < 8 { // the pattern has stopped to find them
		t.Errorf("only %d blocks were found", count)
	}
}

func TestEveryDocumentShownIsJSON(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		for i, source := range p.blocks("json") {
			if !json.Valid([]byte(source)) {
				t.Errorf("%s: JSON block %d is none", p.path, i+1)
			}
		}
	}
}

// TestEveryProgramShownWorks compiles the program of a page and runs its tests;
// the page's blocks are the files of one package.
func TestEveryProgramShownWorks(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		files := writeFiles(t, p.blocks("go"))
		if len(files) == 0 {
			continue
		}
		for _, verb := range []string{"vet", "test"} { // test alone compiles nothing that has no test
			cmd := exec.CommandContext(t.Context(), "go", append([]string{verb}, files...)...)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: go %s: %v\n%s", p.path, verb, err, out)
			}
		}
	}
}

// writeFiles puts Go sources into a folder of their own.
func writeFiles(t *testing.T, sources []string) []string {
	t.Helper()
	dir, files := t.TempDir(), make([]string, len(sources))
	for i, source := range sources {
		name := fmt.Sprintf("file%d.go", i+1)
		if strings.Contains(source, `"testing"`) {
			name = fmt.Sprintf("file%d_test.go", i+1)
		}
		files[i] = filepath.Join(dir, name)
		if err := os.WriteFile(files[i], []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	noWord  = regexp.MustCompile("[^a-z0-9 _-]")
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
			if err := follow(p, match[1]); err != nil {
				t.Errorf("%s: %s: %v", p.path, match[1], err)
			}
		}
	}
}

// follow looks for the target of a link; those into the web are taken as they are.
func follow(p page, target string) error {
	if strings.Contains(target, "://") {
		return nil
	}
	path, anchor, _ := strings.Cut(target, "#")
	to := p.path
	if path != "" {
		to = filepath.Join(filepath.Dir(p.path), path)
	}
	if anchor == "" {
		_, err := os.Stat(to)
		return err
	}
	text, err := os.ReadFile(to)
	if err != nil {
		return err
	}
	for _, match := range heading.FindAllStringSubmatch(string(text), -1) {
		if strings.ReplaceAll(noWord.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-") == anchor {
			return nil
		}
	}
	return fmt.Errorf("no heading #%s", anchor)
}
