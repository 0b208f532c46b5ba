package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFoldersOfKilledEnginesAreSwept(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	living, err := newStateDir(root)
	if err != nil {
		t.Fatal(err)
	}
	killed, err := newStateDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.lock.Close(); err != nil { // what the kernel does for a killed engine
		t.Fatal(err)
	}
	stranger := filepath.Join(root, statePrefix+"of-another-kind")
	if err := os.Mkdir(stranger, 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	for _, dir := range []*stateDir{living, killed} {
		if err := os.Chtimes(filepath.Join(dir.path, lockName), old, old); err != nil {
			t.Fatal(err)
		}
	}
	next, err := newStateDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, there := range map[string]bool{living.path: true, killed.path: false, stranger: true, next.path: true} {
		if _, err := os.Stat(path); (err == nil) != there {
			t.Errorf("%s: there %v, want %v", path, err == nil, there)
		}
	}
	for _, dir := range []*stateDir{living, next} {
		if err := dir.remove(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir.path); err == nil {
			t.Errorf("%s is still there", dir.path)
		}
	}
}
