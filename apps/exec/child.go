package exec

import (
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// child is a process of the program, in a process group of its own.
type child struct {
	cmd    *osexec.Cmd
	in     *os.File // we write the program's input here
	left   *os.File // the program's end of it, to see what it has not read
	out    *os.File // we read the program's output here
	stderr tail
	began  time.Time

	written atomic.Int64 // bytes of its input

	exited chan struct{} // closed when the program has ended; its group may live on
	ended  time.Time     // when it did; valid once exited is closed
	reaped chan struct{} // closed when nothing of its group is left
	reap   chan struct{} // closed to end its group
	once   sync.Once
	sealed sync.Once
	err    error // how it ended; valid once reaped is closed
}

// startChild starts a process and reads its standard error.
func startChild(p *program) (*child, error) {
	c := &child{began: time.Now(), exited: make(chan struct{}), reaped: make(chan struct{}), reap: make(chan struct{})}
	c.stderr.also = p.stderr
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	var err error
	if c.left, c.in, err = os.Pipe(); err != nil {
		return nil, err
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, c.in.Close(), c.left.Close())
	}
	c.out, theirs = out, []*os.File{stdout}
	errs, stderr, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, c.in.Close(), c.left.Close(), c.out.Close())
	}
	theirs = append(theirs, stderr)
	widen(c.in)
	widen(c.out)
	c.cmd = osexec.Command(p.args[0], p.args[1:]...)
	c.cmd.Env, c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = p.env, c.left, stdout, stderr
	c.cmd.SysProcAttr = ownGroup()
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(err, c.in.Close(), c.left.Close(), c.out.Close(), errs.Close())
	}
	go func() { // ends when all who could write to it have ended, or with the child
		c.stderr.readFrom(errs)
	}()
	go c.await(errs)
	return c, nil
}

// linger is how long the rest of a process group may go on writing when the program itself has ended.
const linger = time.Second

// await waits for the program's end and then for that of its group, which it brings about.
func (c *child) await(stderr *os.File) {
	awaitExit(c.cmd.Process.Pid)
	c.ended = time.Now()
	close(c.exited)
	select {
	case <-c.reap:
	case <-time.After(linger):
	}
	killGroup(c.cmd.Process.Pid) // its number is still the program's: nobody has waited for it
	c.err = c.cmd.Wait()
	// Whoever left the group may hold these open. What is still in them is read before the deadline.
	_ = stderr.SetReadDeadline(time.Now().Add(linger))
	_ = c.out.SetReadDeadline(time.Now().Add(linger))
	c.stderr.wait()
	stderr.Close()
	close(c.reaped)
}

// kill ends the process group, whatever it is doing.
func (c *child) kill() {
	select {
	case <-c.reaped:
		return
	case <-c.exited:
	default:
		killGroup(c.cmd.Process.Pid)
	}
	c.once.Do(func() { close(c.reap) })
}

// close ends what is left of the child, waits for it, and frees what it holds.
func (c *child) close() {
	c.kill()
	<-c.reaped
	c.seal()
	c.left.Close()
	c.out.Close()
}

// settle gives the program so long to end by itself.
func (c *child) settle(wait time.Duration) {
	select {
	case <-c.exited:
	case <-time.After(wait):
	}
}

// seal ends the program's input.
func (c *child) seal() { c.sealed.Do(func() { c.in.Close() }) }

// unread returns how many bytes of its input the program has not read, of those that were written.
func (c *child) unread() int { return pending(c.left) }

// write writes to the program's input. It gives up, with what is left, when the program ends first.
func (c *child) write(ctx context.Context, pieces ...[]byte) error {
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-c.exited:
			_ = c.in.SetWriteDeadline(time.Now()) // nobody reads any more, though our own end of the pipe is open
		case <-ctx.Done():
			_ = c.in.SetWriteDeadline(time.Now())
		case <-done:
		}
	}()
	for _, piece := range pieces {
		if len(piece) == 0 {
			continue
		}
		n, err := c.in.Write(piece)
		c.written.Add(int64(n))
		if err != nil {
			return err
		}
	}
	return nil
}

// how says how the program ended, which it has.
func (c *child) how() string {
	if c.err == nil {
		return "exit status 0"
	}
	return c.err.Error()
}

// said returns the end of what the program wrote to standard error.
func (c *child) said() string { return strings.TrimSpace(c.stderr.end()) }
