package process

import (
	"io/fs"
	"syscall"
)

// ownerOf returns the user that a file belongs to; -1 when the system does not
// say.
func ownerOf(info fs.FileInfo) int {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(sys.Uid)
	}
	return -1
}
