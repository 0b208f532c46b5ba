package realserver_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/core/testenv/realserver"
)

// program writes an executable shell script.
func program(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFindPostgres(t *testing.T) {
	root := t.TempDir()
	t.Setenv("PATH", root)
	glob := filepath.Join(root, "lib", "*", "bin")
	if found := realserver.FindPostgres(t.Context(), glob); found != "" {
		t.Errorf("found %q where nothing is", found)
	}

	named := filepath.Join(root, "named")
	program(t, filepath.Join(named, "initdb"), "")
	program(t, filepath.Join(named, "postgres"), "")
	program(t, filepath.Join(root, "pg_config"), "echo "+named)
	if found := realserver.FindPostgres(t.Context(), glob); found != named {
		t.Errorf("found %q, want what pg_config names", found)
	}

	for _, version := range []string{"9", "15", "100"} {
		program(t, filepath.Join(root, "lib", version, "bin", "initdb"), "")
	}
	for _, version := range []string{"9", "15"} { // 100 is a client without a server
		program(t, filepath.Join(root, "lib", version, "bin", "postgres"), "")
	}
	if found, want := realserver.FindPostgres(t.Context(), glob), filepath.Join(root, "lib", "15", "bin"); found != want {
		t.Errorf("found %q, want the newest with a server, %q", found, want)
	}
}
