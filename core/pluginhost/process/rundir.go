package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// maxRunDir is the longest path of a run folder. A socket's path must fit
	// into 107 bytes, and go-plugin and the plugin add folders and names of up to
	// 50 bytes.
	maxRunDir = 56
	// runPrefix starts the name of a run folder; pid and start time follow.
	runPrefix = "run-"
)

// RunDir is the private folder of one run of the engine, which holds the socket
// folders of its plugins.
type RunDir struct{ path string }

// MakeRunDir makes the folder below parent, or below the folder for temporary
// files when the path would be too long for a socket. It removes folders that
// engines left behind which have ended without clearing up.
func MakeRunDir(parent string) (*RunDir, error) {
	own, err := readStat(os.Getpid())
	if err != nil {
		return nil, err
	}
	name := runName(own)
	if len(filepath.Join(parent, name)) > maxRunDir {
		parent = filepath.Join(os.TempDir(), "headrace-"+strconv.Itoa(os.Geteuid()))
	}
	path := filepath.Join(parent, name)
	if len(path) > maxRunDir {
		return nil, fmt.Errorf("the folder %s is too deep for a socket: at most %d bytes", path, maxRunDir)
	}
	if err := makePrivate(parent); err != nil {
		return nil, err
	}
	if err := sweep(parent); err != nil {
		return nil, err
	}
	// Two hosts in one process need two folders.
	path, err = os.MkdirTemp(parent, name+"-")
	if err != nil {
		return nil, fmt.Errorf("make the folder for sockets: %w", err)
	}
	return &RunDir{path: path}, nil
}

// Path of the folder.
func (r *RunDir) Path() string { return r.path }

// Remove removes the folder and what is in it.
func (r *RunDir) Remove() error {
	if err := os.RemoveAll(r.path); err != nil {
		return fmt.Errorf("remove the folder for sockets: %w", err)
	}
	return nil
}

func runName(of stat) string {
	return runPrefix + strconv.FormatInt(int64(of.pid), 36) + "-" + strconv.FormatUint(of.start, 36)
}

// makePrivate makes a folder, or checks that an existing one is ours alone.
func makePrivate(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make the folder for sockets: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("make the folder for sockets: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o022 != 0 || ownerOf(info) != os.Geteuid() {
		return fmt.Errorf("the folder %s must belong to this user and be writable for nobody else", path)
	}
	return nil
}

// sweep removes the run folders of processes that are gone.
func sweep(parent string) error {
	folders, err := filepath.Glob(filepath.Join(parent, runPrefix+"*"))
	if err != nil {
		return fmt.Errorf("look for old folders: %w", err)
	}
	var failed error
	for _, folder := range folders {
		if !inUse(filepath.Base(folder)) {
			failed = errors.Join(failed, os.RemoveAll(folder))
		}
	}
	return failed
}

func inUse(name string) bool {
	parts := strings.Split(strings.TrimPrefix(name, runPrefix), "-")
	pid, err := strconv.ParseInt(parts[0], 36, 64)
	if err != nil {
		return true // not one of ours
	}
	owner, err := readStat(int(pid))
	return err == nil && strings.HasPrefix(name, runName(owner)+"-")
}
