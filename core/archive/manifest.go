package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ManifestName is the file that lists the others: one JSON object a line.
const ManifestName = "manifest.jsonl"

// appendManifest adds a line, under a lock, since another node may share the
// folder. What a crash left of a line without its end is cut off first.
func (l *Local) appendManifest(f File) (err error) {
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	manifest, err := os.OpenFile(filepath.Join(l.dir, ManifestName), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, manifest.Close()) }() // which gives the lock back
	if err := unix.Flock(int(manifest.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	end, err := wholeLines(manifest)
	if err != nil {
		return err
	}
	if err := manifest.Truncate(end); err != nil {
		return err
	}
	if _, err := manifest.WriteAt(append(line, '\n'), end); err != nil {
		return err
	}
	return errors.Join(manifest.Sync(), l.syncDir())
}

// tornMost bounds a line without its end: a line has a few hundred bytes.
const tornMost = 64 << 10

// wholeLines is the size of a manifest without a torn last line.
func wholeLines(manifest *os.File) (int64, error) {
	info, err := manifest.Stat()
	if err != nil {
		return 0, err
	}
	from := max(info.Size()-tornMost, 0)
	tail := make([]byte, info.Size()-from)
	if _, err := manifest.ReadAt(tail, from); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	at := bytes.LastIndexByte(tail, '\n')
	if at < 0 && from > 0 {
		return 0, fmt.Errorf("the last %d bytes hold no line", tornMost)
	}
	return from + int64(at) + 1, nil
}

// Files lists what the manifest knows, oldest first. A torn last line is no
// entry.
func (l *Local) Files() ([]File, error) {
	text, err := os.ReadFile(filepath.Join(l.dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the manifest of the archive: %w", err)
	}
	var files []File
	for number := 1; ; number++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return files, nil
		}
		var f File
		if err := json.Unmarshal(line, &f); err != nil {
			return nil, fmt.Errorf("line %d of the manifest of the archive: %w", number, err)
		}
		files, text = append(files, f), rest
	}
}

// Check compares a file with its entry in the manifest.
func (l *Local) Check(f File) error {
	content, err := os.ReadFile(filepath.Join(l.dir, filepath.Base(f.Name)))
	if err != nil {
		return fmt.Errorf("read a file of the archive: %w", err)
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.SHA256 {
		return fmt.Errorf("%s is not what was archived: its SHA-256 differs from the manifest", f.Name)
	}
	return nil
}
