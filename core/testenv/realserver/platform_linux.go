package realserver

import "syscall"

// DieWithParent makes the kernel send sig to the child when the thread that started it ends.
func DieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) *syscall.SysProcAttr {
	attr.Pdeathsig = sig
	return attr
}
