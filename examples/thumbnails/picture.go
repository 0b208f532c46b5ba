package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // The formats that image.Decode knows.
	_ "image/jpeg" // Likewise.
	_ "image/png"  // Likewise.
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/headrace/headrace/sdk/fault"
)

// maxFile is the largest file that is read, in bytes.
const maxFile = 64 << 20

// openFlags do not wait for the other end of a pipe, which is refused afterwards.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// maxSide is the longest side of a thumbnail.
const maxSide = 4096

// picture is a decoded file.
type picture struct {
	image  image.Image
	format string
}

func checkMax(side int) error {
	if side < 1 || side > maxSide {
		return fault.Newf(fault.ValidationError, "max is %d; it is between 1 and %d pixels", side, maxSide)
	}
	return nil
}

// readPicture reads and decodes a file. What is wrong with the picture is so for
// good; a disk that fails may be asked again.
func readPicture(config Config, path string) (picture, error) {
	data, err := readFile(config.SourceDir, path)
	if err != nil {
		return picture{}, err
	}
	header, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return picture{}, corrupt(err)
	}
	// Before decoding: a small file may claim a picture that fills the memory.
	if pixels := int64(header.Width) * int64(header.Height); pixels < 1 || pixels > config.MaxPixels {
		return picture{}, fault.Newf(fault.ValidationError, "the picture has %d x %d pixels, more than %d or none",
			header.Width, header.Height, config.MaxPixels)
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return picture{}, corrupt(err)
	}
	return picture{image: decoded, format: format}, nil
}

func corrupt(err error) error {
	return fault.Permanent(fault.Wrap(fault.ValidationError, fmt.Errorf("no picture that can be read: %w", err)))
}

// readFile reads a file, which has to lie in dir unless that is empty. The root
// keeps links and ".." from leading out of it.
func readFile(dir, path string) (data []byte, err error) {
	file, err := openFile(dir, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Newf(fault.NotFound, "there is no file %s", path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Newf(fault.ValidationError, "%s is no regular file", path)
	}
	data, err = io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fault.Newf(fault.ValidationError, "%s has more than %d bytes", path, maxFile)
	}
	return data, nil
}

func openFile(dir, path string) (file *os.File, err error) {
	if dir == "" {
		return os.OpenFile(path, openFlags, 0)
	}
	inside := path
	if filepath.IsAbs(path) {
		if inside, err = filepath.Rel(dir, path); err != nil {
			return nil, outside(path)
		}
	}
	if !filepath.IsLocal(inside) {
		return nil, outside(path)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	file, err = root.OpenFile(inside, openFlags, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return nil, outside(path)
	}
	return file, err
}

func outside(path string) error {
	return fault.Newf(fault.ValidationError, "%s is not in the folder that pictures are read from", path)
}
