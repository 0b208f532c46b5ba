//go:build !linux

package main

import "syscall"

// dieWithParent changes nothing where the kernel has no parent-death signal; the guard and the
// sweep of the next run end what is left.
func dieWithParent(attr *syscall.SysProcAttr, _ syscall.Signal) *syscall.SysProcAttr {
	return attr
}
