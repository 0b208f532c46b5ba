package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// minToken and maxToken bound a key for dev, in characters.
	minToken, maxToken = 16, 200
	tokenFile          = "token"
)

// dataDir is the folder in which dev keeps its data.
type dataDir string

// openData makes the folder where it is missing, for its owner only; empty is
// the user's usual place.
func openData(path string) (dataDir, error) {
	if path == "" {
		var err error
		if path, err = usualData(os.Getenv, os.UserHomeDir); err != nil {
			return "", err
		}
	}
	abs, err := filepath.Abs(path)
	if err == nil {
		err = os.MkdirAll(abs, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	return dataDir(abs), nil
}

// usualData is where the XDG base directory specification puts a user's data.
func usualData(getenv func(string) string, home func() (string, error)) (string, error) {
	if base := getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "headrace"), nil
	}
	base, err := home()
	if err != nil {
		return "", settingErrorf("there is no home folder to keep the data in (%w): give one with -data DIR", err)
	}
	return filepath.Join(base, ".local", "share", "headrace"), nil
}

// token is the given one, else the one that was kept, else a new one that is kept.
func (d dataDir) token(given string) (string, error) {
	if given != "" {
		if err := checkToken(given); err != nil {
			return "", settingErrorf("%s: %w", envToken, err)
		}
		return given, nil
	}
	path := filepath.Join(string(d), tokenFile)
	kept, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return keepToken(path, rand.Text())
	}
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	token := strings.TrimSpace(string(kept))
	if err := checkToken(token); err != nil {
		return "", settingErrorf("the key in %s: %w; remove the file, and a new one is made", path, err)
	}
	return token, nil
}

// keepToken writes a key for the next start. It is written whole or not at all.
func keepToken(path, token string) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+tokenFile+".*") // made with mode 0600
	if err != nil {
		return "", fmt.Errorf("keep the key: %w", err)
	}
	_, err = file.WriteString(token + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("keep the key: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return token, nil
}

// checkToken says why a text cannot be a key: it must pass through a header of
// HTTP unchanged.
func checkToken(token string) error {
	if n := utf8.RuneCountInString(token); n < minToken || n > maxToken {
		return fmt.Errorf("it has %d characters and must have %d to %d", n, minToken, maxToken)
	}
	for _, r := range token {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return errors.New("it must not hold control characters")
		}
	}
	if strings.TrimSpace(token) != token {
		return errors.New("it must not begin or end with a space")
	}
	return nil
}
