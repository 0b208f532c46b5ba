package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

const jsonType = "application/json"

// bodyOf encodes a request. The generated methods would write <, > and & inside
// of a payload as escapes; a payload is kept to the letter.
func bodyOf(value any) (io.Reader, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return &text, nil
}
