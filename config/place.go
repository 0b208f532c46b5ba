package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Place says where an object stands in the files, down to its attributes.
type Place struct {
	// Block is the header of the object's block; zero when there is none.
	Block hcl.Range
	attrs map[string]hcl.Range
}

// Of returns where the value at path stands, as in Of("timeout") or
// Of("config", "commands", "convert"). What is not in the files has the place
// of what it would be in, at last the block.
func (p Place) Of(path ...string) hcl.Range {
	for n := len(path); n > 0; n-- {
		if found, ok := p.attrs[placeKey(path[:n])]; ok {
			return found
		}
	}
	return p.Block
}

func (p Place) set(at hcl.Range, path ...string) { p.attrs[placeKey(path)] = at }

// placeKey joins with a byte that no key of a configuration holds.
func placeKey(path []string) string { return strings.Join(path, "\x00") }
