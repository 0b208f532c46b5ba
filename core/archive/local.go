package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Local is an archive in a folder.
type Local struct {
	dir string
}

// Modes of what the archive makes: its content is what people submitted.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// NewLocal opens the archive in a folder, which is made when it is missing.
func NewLocal(dir string) (*Local, error) {
	if dir == "" {
		return nil, errors.New("archive: a folder is needed")
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("make the folder of the archive: %w", err)
	}
	return &Local{dir: dir}, nil
}

// Write keeps a batch: the file first, then its line in the manifest, each on
// the disk before Write goes on. A crash may leave a file that the manifest
// does not know; it is never wrong the other way round.
func (l *Local) Write(ctx context.Context, b Batch) (File, error) {
	if err := ctx.Err(); err != nil {
		return File{}, err
	}
	file, content, err := encode(b, time.Now())
	if err != nil {
		return File{}, err
	}
	if err := l.put(file.Name, content); err != nil {
		return File{}, fmt.Errorf("write %s to the archive: %w", file.Name, err)
	}
	if err := l.appendManifest(file); err != nil {
		return File{}, fmt.Errorf("write the manifest of the archive: %w", err)
	}
	return file, nil
}

// put writes a file under another name, then gives it its own: whoever sees that
// name sees the whole file.
func (l *Local) put(name string, content []byte) (err error) {
	temporary, err := os.CreateTemp(l.dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, temporary.Close(), os.Remove(temporary.Name()))
		}
	}()
	if _, err := temporary.Write(content); err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), filepath.Join(l.dir, name)); err != nil {
		return err
	}
	return errors.Join(temporary.Close(), l.syncDir())
}

// syncDir makes the names in the folder durable.
func (l *Local) syncDir() error {
	dir, err := os.Open(l.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
