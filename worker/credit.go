package worker

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
)

const (
	// CreditWindow is how many bytes of an input may be on their way to the initializer, or wait there to be read, at first.
	CreditWindow = 512 << 10
	// creditMost is how many may be once a reader has found nothing there, for the way is long: more than an SSH connection has on
	// its way at once, little beside the batches.
	creditMost = 4 << 20
)

// credited is a stream whose sender sends no more than it has credit for. All of that is read at once and waits in memory here, not
// in whatever carries it: an SSH server whose reader is slow copies all that waits, again and again, to make room for a little more.
// Read is for one goroutine.
type credited struct {
	taken  int64 // by Read
	given  int64 // credit, in all
	window int64 // what may be on its way

	granting sync.Mutex
	grant    func(total int64) // tells the sender how many bytes it may send in all; nil behind the end

	mu      sync.Mutex
	changed *sync.Cond
	waiting bytes.Buffer
	err     error // that the stream ended with
}

func newCredited(grant func(total int64)) *credited {
	c := &credited{grant: grant, given: CreditWindow, window: CreditWindow}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// fill reads the stream to its end. It keeps a sender waiting that minds no credit.
func (c *credited) fill(stream io.Reader) {
	block := make([]byte, 64<<10)
	for {
		n, err := stream.Read(block)
		c.mu.Lock()
		for c.waiting.Len() >= creditMost && c.err == nil {
			c.changed.Wait()
		}
		c.waiting.Write(block[:n])
		if c.err == nil {
			c.err = err
		}
		ended := c.err != nil
		c.changed.Signal()
		c.mu.Unlock()
		if ended {
			return
		}
	}
}

// end makes Read fail once it has returned what is here, unless the stream has come to its end. Nothing is granted any more.
func (c *credited) end() {
	c.granting.Lock()
	c.grant = nil
	c.granting.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = ErrBrokeOff
	}
	c.changed.Broadcast()
}

func (c *credited) Read(p []byte) (int, error) {
	n, err := c.take(p)
	if c.taken += int64(n); c.taken+c.window-c.given >= c.window/4 {
		c.given = c.taken + c.window
		c.granting.Lock()
		defer c.granting.Unlock()
		if c.grant != nil {
			c.grant(c.given)
		}
	}
	return n, err
}

func (c *credited) take(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting.Len() == 0 && c.taken > 0 {
		c.window = min(2*c.window, creditMost)
	}
	for c.waiting.Len() == 0 && c.err == nil {
		c.changed.Wait()
	}
	if c.waiting.Len() == 0 {
		return 0, c.err
	}
	n, err := c.waiting.Read(p)
	c.changed.Signal()
	return n, err
}

// grantBytes is how long a grant is on the wire.
const grantBytes = 8

// Credit is the sender's side: it reads from a source what there is credit for. Read and Follow are for a goroutine each.
type Credit struct {
	source io.ReadCloser
	sent   int64

	mu      sync.Mutex
	changed *sync.Cond
	given   int64
	closed  bool
}

// NewCredit returns a reader of what may be sent of source, which it closes.
func NewCredit(source io.ReadCloser) *Credit {
	c := &Credit{source: source, given: CreditWindow}
	c.changed = sync.NewCond(&c.mu)
	return c
}

func (c *Credit) Read(p []byte) (int, error) {
	c.mu.Lock()
	for c.sent >= c.given && !c.closed {
		c.changed.Wait()
	}
	most := min(int64(len(p)), c.given-c.sent)
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return 0, io.ErrClosedPipe
	}
	n, err := c.source.Read(p[:most])
	c.sent += int64(n)
	return n, err
}

// Follow reads grants from the receiver's answer until that ends.
func (c *Credit) Follow(answer io.Reader) {
	var grant [grantBytes]byte
	for {
		if _, err := io.ReadFull(answer, grant[:]); err != nil {
			return
		}
		c.mu.Lock()
		c.given = max(c.given, int64(binary.BigEndian.Uint64(grant[:])))
		c.changed.Signal()
		c.mu.Unlock()
	}
}

// Close ends a Read that waits, and closes the source.
func (c *Credit) Close() error {
	c.mu.Lock()
	c.closed = true
	c.changed.Broadcast()
	c.mu.Unlock()
	return c.source.Close()
}
