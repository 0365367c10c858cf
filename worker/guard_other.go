//go:build !linux

package worker

import "syscall"

// tied are the attributes of a process that is held by its standard input alone.
func tied() *syscall.SysProcAttr { return nil }
