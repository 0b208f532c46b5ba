package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
)

// quality of JPEG thumbnails, 1 to 100.
const quality = 85

// file is an encoded thumbnail.
type file struct {
	data   []byte
	format string
}

// encode writes a JPEG for a JPEG, and for what may be transparent a PNG.
func encode(small image.Image, sourceFormat string) (file, error) {
	var data bytes.Buffer
	plain := image.NewNRGBA(small.Bounds())
	draw.Draw(plain, plain.Bounds(), small, small.Bounds().Min, draw.Src)
	if sourceFormat == "jpeg" {
		if err := jpeg.Encode(&data, plain, &jpeg.Options{Quality: quality}); err != nil {
			return file{}, fmt.Errorf("encode the thumbnail: %w", err)
		}
		return file{data: data.Bytes(), format: "jpeg"}, nil
	}
	if err := png.Encode(&data, plain); err != nil {
		return file{}, fmt.Errorf("encode the thumbnail: %w", err)
	}
	return file{data: data.Bytes(), format: "png"}, nil
}

// sum is the hash of the file.
func (f file) sum() string {
	sum := sha256.Sum256(f.data)
	return hex.EncodeToString(sum[:])
}

// store writes the file under its hash, whole or not at all: a crash leaves at
// most a temporary file.
func (f file) store(dir string) (string, error) {
	path := filepath.Join(dir, f.sum()+"."+f.format)
	temporary, err := os.CreateTemp(dir, ".thumbnail-*")
	if err != nil {
		return "", fmt.Errorf("store the thumbnail: %w", err)
	}
	if err := f.fill(temporary); err != nil {
		return "", errors.Join(fmt.Errorf("store the thumbnail: %w", err), os.Remove(temporary.Name()))
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return "", errors.Join(fmt.Errorf("store the thumbnail: %w", err), os.Remove(temporary.Name()))
	}
	return path, nil
}

// fill writes, syncs and closes.
func (f file) fill(temporary *os.File) error {
	_, err := temporary.Write(f.data)
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if err == nil {
		err = temporary.Sync()
	}
	return errors.Join(err, temporary.Close())
}
