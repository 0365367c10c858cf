package exec

import (
	"os"
	"syscall"
	"unsafe"
)

// fionread asks how many bytes wait in a pipe.
const fionread = 0x4004667f

// ownGroup makes a process group of its own.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// killMarked kills nothing: the environment of others is not to be seen here.
func killMarked(string) {}

// awaitExit returns when the process has ended, and leaves it to be waited for: until then its number is not given anew.
func awaitExit(pid int) {
	const byPID, exited, noWait = 1, 0x4, 0x20 // P_PID, WEXITED, WNOWAIT
	for {
		var info [16]uint64 // a siginfo_t has 104 bytes
		_, _, err := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid), uintptr(unsafe.Pointer(&info[0])), exited|noWait, 0, 0)
		if err != syscall.EINTR {
			return
		}
	}
}

// widen leaves a pipe as it is: it grows by itself.
func widen(*os.File) {}
