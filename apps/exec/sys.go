package exec

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// killGroup kills a process group, whatever its members are doing.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) } // fails where nobody is left in it

// pending returns how many bytes wait in a pipe.
func pending(f *os.File) (n int) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), fionread) }) // fails on a closed pipe
	return max(n, 0)
}
