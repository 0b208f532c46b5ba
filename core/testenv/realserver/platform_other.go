//go:build !linux

package realserver

import "syscall"

// DieWithParent changes nothing where the kernel has no parent-death signal; the guard and the
// sweep of the next run end what is left.
func DieWithParent(attr *syscall.SysProcAttr, _ syscall.Signal) *syscall.SysProcAttr {
	return attr
}
