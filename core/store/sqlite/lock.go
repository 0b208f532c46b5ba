package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// LockedError says that another process has the database open.
type LockedError struct {
	// Path of the database.
	Path string
	// PID of the process that holds it; 0 when it has not written it yet.
	PID int
}

// Error names the holder.
func (e *LockedError) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is in use by %s: a SQLite store belongs to one engine at a time; stop that one, or use PostgreSQL", e.Path, holder)
}

// fileLock is an exclusive lock on a file beside the database. The kernel lets
// it go when the process ends, however it ends. The file itself stays: removing
// it would let two processes hold locks on two files of the same name.
type fileLock struct {
	file *os.File
}

// acquireLock locks path + ".lock" and writes the pid of this process into it.
func acquireLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the store: %w", err)
	}
	if err := takeLock(f, path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &fileLock{file: f}, nil
}

func takeLock(f *os.File, path string) error {
	err := flock(f, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return &LockedError{Path: path, PID: readPID(f)}
	}
	if err != nil {
		return fmt.Errorf("lock the store: %w", err)
	}
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("write the lock of the store: %w", err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("write the lock of the store: %w", err)
	}
	return nil
}

// flock repeats the call when a signal broke it off.
func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// readPID returns what the holder wrote; 0 when it is no number.
func readPID(f *os.File) int {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

// release ends the lock and closes the file. Closing alone is not enough: a
// child that is being started shares the open file until it executes its
// program, and the lock would last as long.
func (l *fileLock) release() error {
	if l == nil {
		return nil
	}
	return errors.Join(flock(l.file, unix.LOCK_UN), l.file.Close())
}
