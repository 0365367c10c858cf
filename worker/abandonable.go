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
	finish func() // ends a source that has no end of its own; nil where draining leaves off in the middle
	doubt  bool   // its end may be that of the run: it is a pipe
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

// streamPause is how long a source may pause before what has come is handed out, few records or many.
const streamPause = 2 * time.Millisecond

// streamMost is how long records of a source wait for more to be handed out with, where it does not pause.
const streamMost = 5 * time.Millisecond

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
	if a.end == io.EOF && a.doubt {
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
	a.begin()
	drain := a.drain
	for {
		select {
		case read := <-a.done:
			a.take(read)
			return nil
		case <-drain:
			if a.finish == nil {
				return errDrain
			}
			a.finish()
			drain = nil
		case <-a.ctx.Done():
			return context.Cause(a.ctx)
		}
	}
}

// soon reports whether Read would return before long.
func (a *abandonable) soon() bool {
	if len(a.rest) > 0 || a.end != nil {
		return true
	}
	a.begin()
	select {
	case read := <-a.done:
		a.take(read)
		return true
	case <-time.After(streamPause):
		return false
	}
}

func (a *abandonable) take(read readResult) { a.done, a.rest, a.end = nil, a.buf[:read.n], read.err }

// begin begins to read on, if no read is under way.
func (a *abandonable) begin() {
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
}

// Torn returns how many connections to the source ended in the middle of a frame.
func (a *abandonable) Torn() int {
	if source, ok := a.source.(interface{ Torn() int }); ok {
		return source.Torn()
	}
	return 0
}

// Close closes the source, unless a read of it was given up.
func (a *abandonable) Close() error {
	if a.done != nil && a.finish == nil {
		return nil
	}
	return a.source.Close()
}
