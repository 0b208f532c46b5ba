package strictjson

import "fmt"

// SyntaxError says why a document was refused; the text is safe to show.
type SyntaxError struct {
	// Offset is the byte at which it shows, from 0.
	Offset int
	// Reason is for people.
	Reason string
}

// Error tells the reason and the place.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset) }
