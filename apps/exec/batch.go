package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"flashmob/flow"
	"flashmob/internal/pages"
)

// outputMost is how much a program may give for one batch: it is held in memory until the program has ended well.
const outputMost = 128 << 20

// batches is the operator of the batch mode: a process a batch. The next process is started while one is at work, where a
// batch waits for it.
type batches struct {
	*program
	source flow.Source

	waiting atomic.Int64 // bundles that wait for their turn
	turn    sync.Mutex   // held by whoever has a process at work

	mu      sync.Mutex
	spare   *child
	startup time.Duration // what starting the program takes; 0 until that was seen
}

// take returns a process to give a batch to, and starts another if one will be needed.
func (b *batches) take(more bool) (c *child, fresh bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c = b.spare; c != nil {
		b.spare = nil
		select {
		case <-c.exited: // it would not even wait for its input; whoever gets the next one hears why
			c.close()
			c = nil
		default:
		}
	}
	if c == nil {
		if c, err = b.start(); err != nil {
			return nil, false, err
		}
		fresh = true
	}
	if more {
		if b.spare, err = b.start(); err != nil {
			c.close()
			return nil, false, err
		}
	}
	return c, fresh, nil
}

// Process gives a batch to a process of its own, when the one before it is done.
func (b *batches) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	b.waiting.Add(1)
	b.turn.Lock()
	defer b.turn.Unlock()
	if b.waiting.Add(-1) > 0 {
		in.More = true
	}
	c, fresh, err := b.take(in.More)
	if err != nil {
		return flow.Yield{}, err
	}
	defer c.close()
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(run, c.kill)
	defer stop()
	limit := b.limit(in)
	if limit > 0 {
		alarm := time.AfterFunc(limit, func() { cancel(errTimeout) })
		defer alarm.Stop()
	}
	begun := time.Now()
	written := make(chan error, 1)
	go func() {
		err := c.write(run, in.Header, in.Records)
		c.seal()
		written <- err
	}()
	if fresh && b.starting() == 0 {
		go b.observeStart(c)
	}
	output, err := readOutput(c, in, cancel)
	wrote := <-written
	select {
	case <-c.exited: // it may close its output first
	case <-run.Done():
	}
	took := time.Since(begun)
	select {
	case <-c.exited:
		took = c.ended.Sub(begun) // without the wait for what it started and left behind
	default:
	}
	unread := c.unread()
	c.close()
	if ctx.Err() != nil {
		return flow.Yield{}, context.Cause(ctx)
	}
	switch cause := context.Cause(run); {
	case errors.Is(cause, errTimeout):
		f := b.failure(c, "no end within %s", limit)
		f.TimedOut = true
		return flow.Yield{}, f
	case cause != nil:
		return flow.Yield{}, b.failure(c, "%v", cause)
	case c.err != nil:
		return flow.Yield{}, b.failure(c, "%s", c.how())
	case errors.Is(err, os.ErrDeadlineExceeded):
		return flow.Yield{}, b.failure(c, "it ended, but what it started went on writing")
	case err != nil:
		return flow.Yield{}, fmt.Errorf("read from %q: %w", b.command, err)
	case wrote != nil || unread > 0:
		// Halves would hide it, for a short input is read whole by whoever reads anything: then rows would be lost unseen.
		f := b.failure(c, "it ended, with exit status 0, before it had read all of its input: what it left would be lost")
		f.Fatal = true
		return flow.Yield{}, f
	}
	y := flow.Yield{Records: output, Room: output, Start: b.starting()}
	y.Took = max(took-max(y.Start-begun.Sub(c.began), 0), time.Microsecond)
	if in.Header != nil {
		y.Header, y.Records = splitHeader(b.source, output)
	}
	y.Count = countRecords(b.source, y.Records)
	return y, nil
}

var (
	errTimeout = errors.New("it took too long")
	errTooMuch = fmt.Errorf("it gave more than %d MiB for one batch", outputMost>>20)
)

// readOutput reads what a process gives, until all who could write have ended.
func readOutput(c *child, in flow.Bundle, give func(error)) ([]byte, error) {
	output := room(in)
	for {
		if len(output) == cap(output) {
			output = pages.Grow(output, readBlock)
		}
		n, err := c.out.Read(output[len(output):cap(output)])
		output = output[:len(output)+n]
		switch {
		case len(output) > outputMost:
			give(errTooMuch)
			return nil, nil
		case err == io.EOF:
			return output, nil
		case err != nil:
			return nil, err
		}
	}
}

// observeStart sees how long a process that was just started takes until it begins to read.
func (b *batches) observeStart(c *child) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-c.exited:
			return
		case <-tick.C:
		}
		if written := c.written.Load(); written == 0 || int64(c.unread()) >= written {
			continue
		}
		select {
		case <-c.exited: // what is left of a pipe that is closed says nothing
			return
		default:
		}
		b.mu.Lock()
		b.startup = time.Since(c.began)
		b.mu.Unlock()
		return
	}
}

// starting returns what starting the program takes.
func (b *batches) starting() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.startup
}

// Close ends the process that nobody needed.
func (b *batches) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spare != nil {
		b.spare.close()
		b.spare = nil
	}
	killMarked(b.mark)
	return nil
}
