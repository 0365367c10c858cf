package network

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// In runs do on a thread inside the network namespace ns. Processes that do starts are inside too. The thread ends with
// do, so nothing of the program stays behind in the namespace.
func In(ns *os.File, do func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace: %w", err)
		}
		return do()
	})
}

// create makes an empty network namespace, which lives while the file is open somewhere.
func create() (*os.File, error) {
	var ns *os.File
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("create network namespace: %w", err)
		}
		var err error
		ns, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	return ns, err
}

// onThread runs do on a thread of its own. It is never unlocked: the runtime ends the thread with the goroutine. All but
// the process's first, which would stay what it has become: that one is only held until do is over on another.
func onThread(do func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			result <- onThread(do)
			return
		}
		result <- do()
	}()
	return <-result
}

// Run starts a program of the machine with input on its standard input. Its error carries what it said.
func Run(input, program string, args ...string) error {
	return runWith(nil, input, program, args...)
}

func runWith(files []*os.File, input, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.ExtraFiles = files
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(said.String()))
	}
	return nil
}

// batch hands ip its commands, one a line, in the network namespace of the calling thread.
func batch(lines ...string) error {
	return Run(strings.Join(lines, "\n")+"\n", "ip", "-batch", "-")
}

// sysctl sets one of the calling thread's network namespace.
func sysctl(name, value string) error {
	return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0)
}
