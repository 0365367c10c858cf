package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"flashmob/inventory"
)

// localHomes is where hosts that are this machine have their home folders, under the user's.
const localHomes = ".flashmob/local"

// here returns the connection to a host of the inventory that is this machine: its commands are run by the shell, in a
// folder that stands for its home.
func here(host inventory.Host) (*conn, error) {
	user, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	home := filepath.Join(user, localHomes, host.Name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("home of a local host: %w", err)
	}
	return &conn{host: host, home: home}, nil
}

// freePortOf returns a port of an address of this machine that nobody listens on.
func freePortOf(address string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return 0, fmt.Errorf("port for the log: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// shellWait is how long the pipes of a shell that was stopped may stay open.
const shellWait = time.Second

// shell is stream for a host that is this machine.
func (c *conn) shell(ctx context.Context, command string, stdin io.Reader, stdout io.Writer) error {
	var stderr tail
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir, cmd.Env, cmd.WaitDelay = c.home, append(os.Environ(), "HOME="+c.home), shellWait
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the operator's program
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("exit status %d: %s", exit.ExitCode(), strings.TrimSpace(stderr.String()))
	}
	return err
}
