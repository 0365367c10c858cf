package worker

import "syscall"

// tied are the attributes of a process that the kernel kills when the one that started it dies.
func tied() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
