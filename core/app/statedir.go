package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// stateDir is the folder of one running engine, for the plugins' sockets. Its
// lock tells the folders of living engines from those of killed ones.
type stateDir struct {
	path string
	lock *os.File
}

const (
	statePrefix = "headrace-"
	lockName    = "lock"
	// sweepAge protects a folder whose engine has not locked it yet.
	sweepAge = time.Minute
)

// newStateDir makes a folder below root, after it has removed what killed
// engines have left there.
func newStateDir(root string) (*stateDir, error) {
	if err := sweepStateDirs(root); err != nil {
		return nil, fmt.Errorf("remove folders of former engines: %w", err)
	}
	path, err := os.MkdirTemp(root, statePrefix)
	if err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(path, lockName), os.O_CREATE)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return &stateDir{path: path, lock: lock}, nil
}

// remove gives the folder up.
func (s *stateDir) remove() error {
	err := os.RemoveAll(s.path)
	// Unlocked before it is closed: a child between fork and exec holds it too.
	return errors.Join(err, unix.Flock(int(s.lock.Fd()), unix.LOCK_UN), s.lock.Close())
}

// sweepStateDirs removes the folders whose engine does not live any more. One
// that belongs to somebody else is left alone.
func sweepStateDirs(root string) error {
	paths, err := filepath.Glob(filepath.Join(root, statePrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		info, err := os.Lstat(filepath.Join(path, lockName))
		if err != nil || time.Since(info.ModTime()) < sweepAge {
			continue
		}
		lock, err := lockFile(filepath.Join(path, lockName), 0)
		if err != nil {
			continue // it is in use, or not ours to look at
		}
		err = os.RemoveAll(path)
		if err = errors.Join(err, unix.Flock(int(lock.Fd()), unix.LOCK_UN), lock.Close()); err != nil {
			return err
		}
	}
	return nil
}

// lockFile opens a file and takes its lock, without waiting for it.
func lockFile(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|flag, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
