package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// dirPattern names the directory of one run.
	dirPattern = "headrace-services-*"
	// lockFile is held with flock by the guard for as long as it lives.
	lockFile = "lock"
	// recordFile lists what the guard has started.
	recordFile = "record.json"
	// settleTime is how old a directory without a lock must be to count as left behind. Between
	// the two there are microseconds in a live run.
	settleTime = time.Minute
)

// record is what a later run needs to end what this one may leave behind.
type record struct {
	Processes  []processID `json:"processes,omitempty"`
	Containers []string    `json:"containers,omitempty"` // "docker NAME"; names are random
}

// run is the directory of one guard, with its lock and its record.
type run struct {
	dir    string
	lock   *os.File
	record record
}

// newRun makes a locked directory below base. Others may pass through it, since PostgreSQL runs as
// another user when this process is root; what is in it is closed to them.
func newRun(base string) (*run, error) {
	dir, err := os.MkdirTemp(base, dirPattern)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // G302: passing through is the point
		return nil, err
	}
	lock, err := newLock(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &run{dir: dir, lock: lock}, nil
}

// newLock creates the lock file locked: it gets its name only when the lock is held.
func newLock(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, lockFile+"-*")
	if err != nil {
		return nil, err
	}
	if err := flock(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, os.Rename(file.Name(), filepath.Join(dir, lockFile))
}

// flock takes the lock without waiting.
func flock(file *os.File) error {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return nil
}

// addProcess records a process at once after its start.
func (r *run) addProcess(pid int) error {
	id, err := identify(pid)
	if err != nil {
		return err
	}
	r.record.Processes = append(r.record.Processes, id)
	return r.save()
}

// addContainer records a container before its start.
func (r *run) addContainer(engine, name string) error {
	r.record.Containers = append(r.record.Containers, engine+" "+name)
	return r.save()
}

// save replaces the record file in one step.
func (r *run) save() error {
	data, err := json.Marshal(r.record)
	if err != nil {
		return err
	}
	fresh := filepath.Join(r.dir, recordFile+".new")
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(r.dir, recordFile))
}

// remove deletes the directory and gives up the lock.
func (r *run) remove() error {
	return errors.Join(os.RemoveAll(r.dir), r.lock.Close())
}

// baseDir is where the directories of runs are: the temporary directory, or /tmp where the user of
// PostgreSQL could not reach that one.
func baseDir() string {
	if dir := os.TempDir(); os.Geteuid() != 0 || passable(dir) {
		return dir
	}
	return "/tmp"
}

// passable reports whether every user can pass through the directory and all above it.
func passable(dir string) bool {
	const othersExecute fs.FileMode = 0o001
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&othersExecute == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}
