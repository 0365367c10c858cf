package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// Check says in one line why this machine cannot run a sandbox, or nil.
func Check() error {
	if runtime.GOOS != "linux" {
		return errors.New("the sandbox needs Linux")
	}
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "root")
	}
	for _, need := range []struct{ program, from string }{
		{"ip", "iproute2"}, {"nft", "nftables"}, {"/usr/sbin/sshd", "openssh-server"},
	} {
		if _, err := exec.LookPath(need.program); err != nil {
			missing = append(missing, fmt.Sprintf("%s (package %s)", strings.TrimPrefix(need.program, "/usr/sbin/"), need.from))
		}
	}
	if len(missing) == 0 && !canUnshare() {
		missing = append(missing, "the right to create namespaces")
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the sandbox needs %s", strings.Join(missing, ", "))
}

func canUnshare() bool {
	cmd := exec.Command("ip", "link", "show", "lo")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS |
		syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC}
	return cmd.Run() == nil
}
