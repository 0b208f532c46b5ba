package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// sweepTimeout bounds the removal of one container of an earlier run.
const sweepTimeout = 20 * time.Second

// sweep ends and removes what runs below base have left behind whose guard is dead.
func sweep(ctx context.Context, base string) error {
	dirs, err := filepath.Glob(filepath.Join(base, dirPattern))
	if err != nil {
		return err
	}
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, sweepDir(ctx, dir))
	}
	return errors.Join(errs...)
}

// sweepDir removes one directory and ends what it records, unless its guard lives or it is not ours.
func sweepDir(ctx context.Context, dir string) error {
	if !ownDirectory(dir) {
		return nil
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR, 0)
	switch {
	case errors.Is(err, os.ErrNotExist) && !settled(dir):
		return nil // a run that is just starting, or one that has just gone
	case err == nil:
		defer func() { _ = lock.Close() }() // frees the lock; there is nothing to write
		if flock(lock) != nil {
			return nil // its guard lives
		}
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	left, err := readRecord(dir)
	if err != nil {
		return err
	}
	if err := endRecorded(ctx, left); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// ownDirectory reports whether dir is a real directory of this user.
func ownDirectory(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// settled reports whether nothing in dir has changed for settleTime.
func settled(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && time.Since(info.ModTime()) > settleTime
}

// readRecord returns what a run has started; a run that has started nothing has no record.
func readRecord(dir string) (record, error) {
	var r record
	data, err := os.ReadFile(filepath.Join(dir, recordFile))
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", filepath.Join(dir, recordFile), err)
	}
	return r, nil
}

// endRecorded kills the recorded processes that still are the same, and removes the containers.
func endRecorded(ctx context.Context, left record) error {
	var errs []error
	for _, id := range left.Processes {
		errs = append(errs, id.kill(ctx))
	}
	for _, entry := range left.Containers {
		engine, name, _ := strings.Cut(entry, " ")
		errs = append(errs, removeLeft(ctx, engine, name))
	}
	return errors.Join(errs...)
}

func removeLeft(ctx context.Context, engine, name string) error {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	return removeContainer(ctx, engine, name)
}
