package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headrace/headrace/config"
)

const (
	ragged = "# top\nserver{\nlisten=\"a:1\" # here\n  shutdown_grace   =    \"1s\"\n}\n"
	neat   = "# top\nserver {\n  listen         = \"a:1\" # here\n  shutdown_grace = \"1s\"\n}\n"
)

// write makes a folder of files and returns its path.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFormatRewritesWhatIsRagged(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"a.hcl": ragged, "b.hcl": neat, "c.txt": ragged, ".d.hcl": ragged})
	changed, diags := config.Format(dir)
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "a.hcl")}, changed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(neat, read(t, filepath.Join(dir, "a.hcl"))); diff != "" {
		t.Error(diff)
	}
	if read(t, filepath.Join(dir, "c.txt")) != ragged || read(t, filepath.Join(dir, ".d.hcl")) != ragged {
		t.Error("other files were touched")
	}
	if again, diags := config.Format(dir); len(again) > 0 || diags.Err() != nil {
		t.Errorf("the second time: %v %v", again, diags)
	}
}

func TestFormatKeepsModeAndLink(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"real": ragged})
	link := filepath.Join(dir, "link.hcl")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	if _, diags := config.Format(link); diags.Err() != nil {
		t.Fatal(diags)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	info, err = os.Stat(filepath.Join(dir, "real"))
	if err != nil || info.Mode().Perm() != 0o640 || read(t, link) != neat {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestFormatLeavesABrokenFileAlone(t *testing.T) {
	t.Parallel()
	const broken = "server {\n  listen= \n"
	dir := write(t, map[string]string{"a.hcl": broken, "b.hcl": ragged})
	changed, diags := config.Format(dir)
	if len(diags) == 0 || diags[0].Range.Filename != filepath.Join(dir, "a.hcl") || diags[0].Range.Start.Line != 2 {
		t.Errorf("diagnostics: %v", diags)
	}
	if len(changed) != 1 || read(t, filepath.Join(dir, "a.hcl")) != broken || read(t, filepath.Join(dir, "b.hcl")) != neat {
		t.Errorf("changed %v", changed)
	}
}

func TestCheckFormatWritesNothing(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"a.hcl": ragged, "b.hcl": neat})
	changed, diags := config.CheckFormat(dir)
	if diags.Err() != nil || len(changed) != 1 || read(t, filepath.Join(dir, "a.hcl")) != ragged {
		t.Errorf("changed %v, %v", changed, diags)
	}
}

func TestFormatNeedsSomethingToFormat(t *testing.T) {
	t.Parallel()
	if _, diags := config.Format(filepath.Join(t.TempDir(), "none")); diags.Err() == nil {
		t.Error("no diagnostics")
	}
}
