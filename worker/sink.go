package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

const (
	sinkRetry   = 100 * time.Millisecond
	sinkAgain   = 8 << 20          // bytes that are sent again on a new connection: more than can be on their way
	sinkBacklog = 64 << 20         // bytes that may wait for a receiver before the run waits, too
	sinkEnd     = 2 * time.Second  // how long the end of a run waits for a receiver to take note of it
	sinkWait    = 10 * time.Second // how long the end of a run waits for a receiver that is not there
)

// sink sends result lines to a program that listens, in the order of the results. A connection that breaks is made anew,
// and the last lines, those that may have been lost with it, are sent again: a receiver that lost nothing that it had taken
// in gets every line, and some twice. The result folder has each once.
type sink struct {
	address string
	log     *slog.Logger
	recent  []byte // sent last; the goroutine of run has it

	mu      sync.Mutex
	waiting []byte
	closed  bool
	moved   chan struct{} // closed and replaced whenever something changes
	stopped chan struct{} // closed when run has returned
}

func newSink(address string, log *slog.Logger) *sink {
	return &sink{address: address, log: log, moved: make(chan struct{}), stopped: make(chan struct{})}
}

// write takes in lines. It waits while too many wait for the receiver, and returns an error once the sink has stopped.
func (s *sink) write(lines []byte) error {
	for {
		s.mu.Lock()
		if len(s.waiting) < sinkBacklog {
			s.waiting = append(s.waiting, lines...)
			s.stir()
			s.mu.Unlock()
			return nil
		}
		moved := s.moved
		s.mu.Unlock()
		select {
		case <-moved:
		case <-s.stopped:
			return errSink
		}
	}
}

// stir wakes up who waits. The caller holds the lock.
func (s *sink) stir() {
	close(s.moved)
	s.moved = make(chan struct{})
}

// close says that there are no more lines.
func (s *sink) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.stir()
}

// errSink says that nobody took the last lines.
var errSink = errors.New("nobody takes the lines that are left")

// run sends what is written until the sink is closed and empty, or ctx ends.
func (s *sink) run(ctx context.Context) error {
	defer close(s.stopped)
	var c net.Conn
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	var ending time.Time // when the wait for a receiver at the end began
	for {
		s.mu.Lock()
		lines, closed, moved := s.waiting, s.closed, s.moved
		s.mu.Unlock()
		if len(lines) == 0 && closed && (c == nil || taken(c)) {
			return nil
		}
		if len(lines) == 0 && closed { // cut off at the very end: once more
			c.Close()
			c = nil
		}
		if len(lines) == 0 && !closed {
			select {
			case <-moved:
			case <-ctx.Done():
				return nil // the error is told by who has it
			}
			continue
		}
		if closed && ending.IsZero() {
			ending = time.Now()
		}
		if err := s.send(&c, lines); err == nil {
			s.mu.Lock()
			s.waiting = append([]byte(nil), s.waiting[len(lines):]...)
			s.stir()
			s.mu.Unlock()
			s.remember(lines)
			continue
		} else if !ending.IsZero() && time.Since(ending) > sinkWait {
			return fmt.Errorf("sink %s: %w: %w", s.address, errSink, err)
		}
		select {
		case <-time.After(sinkRetry):
		case <-ctx.Done():
			return nil
		}
	}
}

// taken ends a connection and reports whether the other side has read it to its end. One that does not say so in time is
// believed to have.
func taken(c net.Conn) bool {
	tcp := c.(*net.TCPConn)
	if err := errors.Join(tcp.CloseWrite(), tcp.SetReadDeadline(time.Now().Add(sinkEnd))); err != nil {
		return false
	}
	_, err := io.Copy(io.Discard, tcp)
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// remember keeps what was sent, as much as may have to be sent again, from a line's beginning on.
func (s *sink) remember(lines []byte) {
	s.recent = append(s.recent, lines...)
	if drop := len(s.recent) - sinkAgain; drop > sinkAgain { // now and then, not every time
		drop += bytes.IndexByte(s.recent[drop:], '\n') + 1
		s.recent = append([]byte(nil), s.recent[drop:]...)
	}
}

// send writes lines to the connection, which it makes if there is none.
func (s *sink) send(c *net.Conn, lines []byte) (err error) {
	if *c == nil {
		if *c, err = net.DialTimeout("tcp", s.address, time.Second); err != nil {
			*c = nil
			return rootCause(err)
		}
		_, err = (*c).Write(s.recent)
	}
	if err == nil {
		_, err = (*c).Write(lines)
	}
	if err != nil {
		s.log.Warn("sink cut off: connecting again", "sink", s.address, "err", rootCause(err))
		(*c).Close()
		*c = nil
	}
	return err
}
