package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"flashmob/inventory"
	"flashmob/worker"
)

// process is a worker process on this machine. It is held by its standard input: should this program die, however
// suddenly, the kernel closes the pipe and the worker leaves.
type process struct {
	host       inventory.Host
	invitation worker.Invitation
	cmd        *exec.Cmd
	leash      io.Closer
	stderr     tail
	ended      chan struct{} // closed when the process is gone
	err        error         // how it ended; valid once ended is closed
}

// patience is how long a process may take to leave by itself.
const patience = time.Second

// startProcess starts a worker and hands it its invitation.
func startProcess(ctx context.Context, host inventory.Host, program string, invitation worker.Invitation) (*process, error) {
	text, err := json.Marshal(invitation)
	if err != nil {
		return nil, err
	}
	p := &process{host: host, invitation: invitation, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), program)
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the operator's program, which drains
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.leash = stdin
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	if _, err := stdin.Write(append(text, '\n')); err != nil { // it closed its end: it is on its way out, or to be
		return p, p.stop()
	}
	return p, nil
}

// last returns the end of what the process wrote to standard error.
func (p *process) last() string { return strings.TrimSpace(p.stderr.String()) }

// crashed reports whether a process that has ended might do better another time.
func (p *process) crashed() bool {
	exit := new(exec.ExitError)
	if !errors.As(p.err, &exit) {
		return false
	}
	how, known := exit.Sys().(syscall.WaitStatus)
	return known && worker.Crashed(how)
}

// how says how the process ended.
func (p *process) how() string {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	if last := p.last(); last != "" {
		how += ": " + last
	}
	return how
}

// stop lets go of the process and waits until it is gone, by force if it does not go.
func (p *process) stop() error {
	p.leash.Close() // the process may have closed its end already
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
	}
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// tail keeps the end of what is written to it. Safe for concurrent use.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const tailLimit = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b)
	if over := t.buf.Len() - tailLimit; over > 0 {
		t.buf.Next(over)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
