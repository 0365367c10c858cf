package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Process is the first process of a running host, seen from the machine.
type Process struct {
	PID     int
	Started string // the kernel's start time: tells a process from a later one with the same number
	dir     string
	handle  *os.File // a pidfd
}

// Adopt finds the process of the host in dir that an earlier server started.
func Adopt(dir string) (*Process, error) {
	b, err := os.ReadFile(in(dir, processFile))
	if err != nil {
		return nil, fmt.Errorf("adopt host: %w", err)
	}
	var p Process
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("adopt host: %w", err)
	}
	running, err := open(p.PID, dir)
	if err != nil {
		return nil, fmt.Errorf("adopt host: %w", err)
	}
	if running.Started != p.Started {
		return nil, errors.Join(fmt.Errorf("adopt host: process %d is another one now", p.PID), running.handle.Close())
	}
	return running, nil
}

func open(pid int, dir string) (*Process, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	handle := os.NewFile(uintptr(fd), "pidfd")
	started, err := startTime(pid)
	if err != nil {
		return nil, errors.Join(err, handle.Close())
	}
	return &Process{pid, started, dir, handle}, nil
}

// startTime reads field 22 of /proc/PID/stat. The name in field 2 may hold spaces and brackets.
func startTime(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return "", fmt.Errorf("process %d: short stat", pid)
	}
	if fields[0] == "Z" {
		return "", fmt.Errorf("process %d: has ended", pid)
	}
	return fields[19], nil
}

func (p *Process) save() error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(in(p.dir, processFile), b, 0o600)
}

// Wait returns when the host has ended, and says whether it powered itself off.
func (p *Process) Wait() (poweredOff bool) {
	fds := []unix.PollFd{{Fd: int32(p.handle.Fd()), Events: unix.POLLIN}}
	for {
		if n, err := unix.Poll(fds, -1); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	// Reap it where it is this process's child; a host of an earlier server is init's.
	_, _ = unix.Wait4(p.PID, nil, unix.WNOHANG, nil)
	_, err := os.Stat(in(p.dir, offFile))
	return err == nil
}

// Kill ends the host as a power cut would.
func (p *Process) Kill() error {
	err := unix.PidfdSendSignal(int(p.handle.Fd()), unix.SIGKILL, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// Network opens the host's network namespace.
func (p *Process) Network() (*os.File, error) { return os.Open(fmt.Sprintf("/proc/%d/ns/net", p.PID)) }

// Switch opens the namespace of the switch that the host is plugged into, from the file that the host holds.
func (p *Process) Switch() (*os.File, error) {
	return os.Open(fmt.Sprintf("/proc/%d/fd/%d", p.PID, switchFD))
}

// Close forgets the process without touching it.
func (p *Process) Close() error { return p.handle.Close() }
