package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
)

// Kind names what a file holds; it begins the file's name.
type Kind string

// DeadLetters are tasks that were evicted.
const DeadLetters Kind = "dead_letters"

// Batch is what goes into one file.
type Batch struct {
	Kind Kind
	// Records are JSON documents, one a line.
	Records []json.RawMessage
}

// File is one entry of a manifest.
type File struct {
	Name    string    `json:"file"`
	Kind    Kind      `json:"kind"`
	Created time.Time `json:"created"`
	// SHA256 is of the bytes of the file, in hexadecimal.
	SHA256  string `json:"sha256"`
	Bytes   int    `json:"bytes"`
	Records int    `json:"records"`
}

// encode compresses a batch and describes the file.
func encode(b Batch, now time.Time) (File, []byte, error) {
	var lines bytes.Buffer
	for i, record := range b.Records {
		if err := json.Compact(&lines, record); err != nil {
			return File{}, nil, fmt.Errorf("record %d of %s: %w", i, b.Kind, err)
		}
		lines.WriteByte('\n')
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return File{}, nil, fmt.Errorf("compress: %w", err)
	}
	content := encoder.EncodeAll(lines.Bytes(), nil)
	if err := encoder.Close(); err != nil {
		return File{}, nil, fmt.Errorf("compress: %w", err)
	}
	sum := sha256.Sum256(content)
	id, err := uuid.NewV7()
	if err != nil {
		return File{}, nil, fmt.Errorf("name the file: %w", err)
	}
	return File{
		Name: fmt.Sprintf("%s-%s-%s.jsonl.zst", b.Kind, now.UTC().Format("20060102T150405Z"), id),
		Kind: b.Kind, Created: now.UTC(), SHA256: hex.EncodeToString(sum[:]), Bytes: len(content), Records: len(b.Records),
	}, content, nil
}
