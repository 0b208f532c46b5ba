package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// prepareFile makes the folder (only for the owner) and the file (the same)
// where they are missing, and returns the absolute path. SQLite gives the
// files that it makes beside it the same mode.
func prepareFile(path string) (string, error) {
	if path == "" {
		return "", errors.New("the store has no path")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("path of the store: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o700); err != nil {
		return "", fmt.Errorf("make the folder of the store: %w", err)
	}
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("make the file of the store: %w", err)
	}
	return abs, f.Close()
}
