package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// order is what a program inside asks of the host's first process. It comes after one byte that carries the program's
// standard files.
type order struct {
	Do    string // power-off, cancel, reload-ssh, start, stop or run
	After time.Duration
	User  string // for run
	Args  []string
	Env   []string
	Dir   string
}

type outcome struct {
	Status int
	Error  string
}

// serveControl listens for orders, for as long as the host lives.
func (m *machine) serveControl() error {
	l, err := net.Listen("unix", controlPath)
	if err != nil {
		return err
	}
	if err := os.Chmod(controlPath, 0o666); err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				m.log("control: %v", err)
				return
			}
			go m.answer(c.(*net.UnixConn))
		}
	}()
	return nil
}

func (m *machine) answer(c *net.UnixConn) {
	defer c.Close()
	files, who, err := receive(c)
	defer closeAll(files)
	var o order
	if err == nil {
		err = json.NewDecoder(c).Decode(&o)
	}
	var status int
	if err == nil {
		status, err = m.obey(c, o, who, files)
	}
	out := outcome{Status: status}
	if err != nil {
		out = outcome{1, err.Error()}
	}
	_ = json.NewEncoder(c).Encode(out)
}

var errNotRoot = errors.New("access denied: only root may do this")

func (m *machine) obey(c *net.UnixConn, o order, who uint32, files []*os.File) (int, error) {
	switch {
	case who != 0 && (o.Do != "run" || who != userID):
		return 1, errNotRoot
	case o.Do == "power-off" && o.After == 0:
		m.powerOff("ordered inside")
	case o.Do == "power-off":
		m.later.set(o.After, func() { m.powerOff("ordered inside for this time") })
	case o.Do == "cancel":
		m.later.cancel()
	case o.Do == "reload-ssh":
		return 0, m.sshd.reload()
	case o.Do == "start":
		var errs []error
		for _, name := range o.Args {
			errs = append(errs, m.units.start(name))
		}
		return 0, errors.Join(errs...)
	case o.Do == "stop":
		for _, name := range o.Args {
			m.units.stop(name)
		}
	case o.Do == "run" && len(files) == 3 && len(o.Args) > 0:
		return m.sudo(c, o, files)
	default:
		return 1, fmt.Errorf("order %q is not known", o.Do)
	}
	return 0, nil
}

// sudo runs a command as another user, on the caller's standard files. It ends with the caller.
func (m *machine) sudo(c *net.UnixConn, o order, files []*os.File) (int, error) {
	cmd := exec.Command(o.Args[0], o.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.Dir, cmd.Env = o.Dir, o.Env
	// A group of its own, to end it with; not a session: a daemon that leads one below process 1 would not fork.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if o.User != "" && o.User != "root" {
		if o.User != User {
			return 1, fmt.Errorf("sudo: unknown user %s", o.User)
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: userID, Gid: userID}
	}
	if cmd.Err != nil {
		return 1, fmt.Errorf("sudo: %s: command not found", o.Args[0])
	}
	pid, status, err := m.procs.start(cmd)
	if err != nil {
		return 1, fmt.Errorf("sudo: %w", err)
	}
	closeAll(files)
	hungUp := make(chan struct{})
	go func() {
		_, _ = c.Read(make([]byte, 1)) // the caller sends nothing more: this returns when it ends
		close(hungUp)
	}()
	select {
	case s := <-status:
		return exitStatus(s), nil
	case <-hungUp:
		_ = unix.Kill(-pid, unix.SIGHUP)
		return 1, errors.New("the caller has ended")
	}
}

// receive reads the byte that opens a connection: the files that came with it and the caller's user ID.
func receive(c *net.UnixConn) (files []*os.File, who uint32, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, 0, err
	}
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); credErr == nil {
			who = cred.Uid
		}
	}); err != nil {
		return nil, 0, err
	}
	if credErr != nil {
		return nil, 0, credErr
	}
	var first [1]byte
	rights := make([]byte, unix.CmsgSpace(3*4))
	_, n, _, _, err := c.ReadMsgUnix(first[:], rights)
	if err != nil {
		return nil, who, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil {
		return nil, who, err
	}
	for _, msg := range messages {
		fds, err := unix.ParseUnixRights(&msg)
		if err != nil {
			return files, who, err
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "passed-"+strconv.Itoa(fd)))
		}
	}
	return files, who, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// ask sends an order to the host's first process and waits for what comes of it.
func ask(o order) (outcome, error) {
	conn, err := net.Dial("unix", controlPath)
	if err != nil {
		return outcome{}, err
	}
	defer conn.Close()
	c := conn.(*net.UnixConn)
	if _, _, err := c.WriteMsgUnix([]byte{0}, unix.UnixRights(0, 1, 2), nil); err != nil {
		return outcome{}, err
	}
	if err := json.NewEncoder(c).Encode(o); err != nil {
		return outcome{}, err
	}
	var out outcome
	if err := json.NewDecoder(c).Decode(&out); err != nil {
		return outcome{}, fmt.Errorf("the host gave no answer: %w", err)
	}
	return out, nil
}
