package worker

import (
	"context"
	"io"
	"time"
)

// abandonable reads a stream whose other end may be silent for ever, or may end together with this run: a pipe. Reading
// is given up when the run drains or ctx ends.
type abandonable struct {
	ctx    context.Context // of the feeding: as long as the reader lives
	drain  <-chan struct{}
	source io.ReadCloser
	buf    []byte
	done   chan readResult // the read that is under way; nil when none is
	rest   []byte          // read, but not asked for yet
	end    error
}

type readResult struct {
	n   int
	err error
}

// endPause is how long the end of a stream is doubted: Ctrl-C in a pipeline ends the program that writes as it ends
// this one, and then what came is not all there is.
const endPause = 50 * time.Millisecond

// Read returns errDrain, or the cause of ctx's end, as soon as it is asked to give up.
func (a *abandonable) Read(p []byte) (int, error) {
	if len(a.rest) == 0 && a.end == nil {
		if err := a.wait(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.rest)
	if a.rest = a.rest[n:]; n > 0 || a.end == nil {
		return n, nil
	}
	if a.end == io.EOF {
		select {
		case <-a.drain:
			return 0, errDrain
		case <-time.After(endPause):
		}
	}
	return 0, a.end
}

// wait reads on, unless it is told to give up first.
func (a *abandonable) wait() error {
	if a.done == nil {
		if a.buf == nil {
			a.buf = make([]byte, maxBlock)
		}
		a.done = make(chan readResult, 1)
		go func(done chan<- readResult) { // ends when the source says something, or with the process
			n, err := a.source.Read(a.buf)
			done <- readResult{n, err}
		}(a.done)
	}
	select {
	case read := <-a.done:
		a.done, a.rest, a.end = nil, a.buf[:read.n], read.err
		return nil
	case <-a.drain:
		return errDrain
	case <-a.ctx.Done():
		return context.Cause(a.ctx)
	}
}

// Close closes the source, unless a read of it was given up.
func (a *abandonable) Close() error {
	if a.done != nil {
		return nil
	}
	return a.source.Close()
}
