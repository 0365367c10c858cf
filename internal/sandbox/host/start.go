package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// The files that a host's first process inherits.
const (
	configFD = 3 + iota
	statusFD
	switchFD
	folderFD
	lifelineFD
)

// Start boots a host in the folder dir with program, which must run Main when its name is ProcessName. plug is called
// with the process as soon as its network namespace exists. The host holds held, the switch's namespace, and ends when
// the other end of lifeline closes, where one is given. Start returns when the host's network is up; the rest of the
// boot goes on.
func Start(program, dir string, c Config, plug func(pid int) error, held, lifeline *os.File) (*Process, error) {
	p, err := start(program, dir, c, plug, held, lifeline)
	if err != nil {
		return nil, fmt.Errorf("start host %s: %w", c.ID, err)
	}
	return p, nil
}

func start(program, dir string, c Config, plug func(pid int) error, held, lifeline *os.File) (*Process, error) {
	if err := os.MkdirAll(in(dir, rootFolder), 0o700); err != nil {
		return nil, err
	}
	console, err := os.OpenFile(in(dir, consoleFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer console.Close()
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	configR, configW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer configW.Close()
	statusR, statusW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, configR.Close())
	}
	defer statusR.Close()

	c.Bound = lifeline != nil
	cmd := exec.Command(program)
	cmd.Args = []string{ProcessName, c.ID, dir}
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = console, console
	cmd.ExtraFiles = []*os.File{configR, statusW, held, folder}
	if lifeline != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, lifeline)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS |
		syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC}
	err = cmd.Start()
	configR.Close()
	statusW.Close()
	if err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	p, err := open(pid, dir)
	if err == nil {
		err = p.save()
	}
	if err == nil {
		err = plug(pid)
	}
	if err == nil {
		err = json.NewEncoder(configW).Encode(c)
		configW.Close()
	}
	if err == nil {
		err = readStatus(statusR)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return p, cmd.Process.Release()
}

// readStatus waits for the host to say that its network is up.
func readStatus(r io.Reader) error {
	said, err := io.ReadAll(r)
	switch {
	case err != nil:
		return err
	case string(said) == "up":
		return nil
	case len(said) == 0:
		return errors.New("ended while it booted; see its " + consoleFile)
	}
	return errors.New(strings.TrimSpace(string(said)))
}
