package exec

import (
	"errors"
	"sync"
	"time"

	"flashmob/flow"
)

const (
	// firstPatience is how long a process that has read everything may be silent before its input is closed.
	firstPatience = 100 * time.Millisecond
	// mostPatience is how long that may become, where processes turn out to compute and not to keep anything back.
	mostPatience = time.Minute
	// hunger is how long a process that has read everything must be silent to be given more than it should need.
	hunger = 10 * time.Millisecond
	// settled is how long a process must be silent behind its last answer before that is believed to be its last.
	settled = 30 * time.Millisecond
	// watchEvery is how often a process is looked at.
	watchEvery = 5 * time.Millisecond
)

// stream is one process of a long-lived program, and the orders that it has.
//
//	put ─▶ queue ─▶ take … answer ─▶ (the last one: held until the process was silent for a moment) ─▶ done
//	         └────▶ over: the process has ended
type stream struct {
	*streams
	child *child
	parse parser
	title []byte // the results' header line; valid once an order is done

	mu       sync.Mutex
	room     *sync.Cond // there may be room for another order
	reads    bool       // it has begun to
	unread   int        // of its input, at the last look
	queue    []*order
	held     *order    // answered, and released when the process has been silent for a moment, or has more to do
	writing  bool      // somebody is
	putting  int       // who wait for room in the queue
	moved    time.Time // when it last read or gave something, or was last given something
	answered int
	sealed   bool // its input was closed, for it keeps answers back
	sealedAt time.Time
	killed   bool
	ended    bool
	shut     bool  // it closed its output and went on running
	broken   error // what is wrong with it: the order that it was found at ends with it
}

// takes reports whether the process may get more orders.
func (st *stream) takes() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.open()
}

// open reports whether the process may get more orders. The caller holds the lock.
func (st *stream) open() bool { return !st.sealed && !st.ended && !st.killed }

// hungry reports whether the process has read all that it was given, and is silent. The caller holds the lock.
func (st *stream) hungry() bool {
	return st.protocol.keepsBack() && !st.writing && time.Since(st.moved) > hunger && st.child.unread() == 0
}

// put queues an order that is about to be written. It returns nil if the process takes no more.
func (st *stream) put(o *order) *order {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.putting++
	for len(st.queue) >= ahead && !st.hungry() && st.open() {
		st.room.Wait()
	}
	st.putting--
	if !st.open() {
		return nil
	}
	if !st.release(st.child.unread()) {
		return nil
	}
	o.done, o.begun = make(chan struct{}), time.Now()
	st.queue = append(st.queue, o)
	st.writing, st.moved = true, time.Now()
	return o
}

// wrote notes that the order that was put last is written.
func (st *stream) wrote() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.writing, st.moved = false, time.Now()
}

// space returns where to read what the process gives next: into the block, where it is not known whose it is.
func (st *stream) space(block []byte) []byte {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.killed || len(st.queue) == 0 {
		return block
	}
	return st.parse.space(st.queue[0], block)
}

// take takes in the front of what the process gave and returns the rest, or false if the process is not to be trusted. What lies
// behind an answer moves into the block: the memory that it was read to is no longer ours.
func (st *stream) take(text, block []byte) (rest []byte, ok bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.moved = time.Now()
	if st.killed {
		return nil, true
	}
	if len(st.queue) == 0 {
		f := st.failure(st.child, "%s", st.protocol.surplus())
		f.Fatal = st.answered > 1 || st.held == nil
		st.fail(f)
		return nil, false
	}
	o := st.queue[0]
	used, done, err := st.parse.take(text, o)
	var failure *flow.Failure
	switch {
	case errors.As(err, &failure) && done && !o.isHeader: // the process goes on
		o.failure = failure
	case err != nil:
		st.fail(st.failure(st.child, "%v", err))
		return nil, false
	case len(o.output) > outputMost:
		st.fail(&flow.Failure{Reason: errTooMuch.Error()})
		return nil, false
	case done && !o.isHeader && st.child.unread() > st.behind(): // what it has not read it has not done
		if failure != nil {
			st.fail(failure)
		} else {
			st.fail(st.early())
		}
		return nil, false
	}
	rest = text[used:]
	if done {
		rest = append(block[:0], rest...)
		st.room.Broadcast()
		st.queue = st.queue[1:]
		st.answer(o)
	}
	return rest, true
}

// answer notes that an order is answered. The caller holds the lock.
func (st *stream) answer(o *order) {
	now := time.Now()
	if o.failure != nil {
		o.err = o.failure
	}
	o.took = now.Sub(o.begun)
	if o.isHeader {
		st.title = o.output
		close(o.done)
	} else {
		st.answered++
	}
	if len(st.queue) > 0 {
		st.queue[0].begun = now
	}
	if o.isHeader {
		return
	}
	if len(st.queue) == 0 && st.protocol.keepsBack() && !st.ended {
		st.held = o
		return
	}
	close(o.done)
}

// behind returns how many bytes the orders behind the first one are. The caller holds the lock.
func (st *stream) behind() int {
	n := 0
	for _, o := range st.queue[1:] {
		n += o.size
	}
	return n
}

// early returns what is wrong with a process that answered before it had read what it answers.
func (st *stream) early() error {
	return st.failure(st.child, "%s", st.protocol.early())
}

// release gives the held order to whoever waits for it, or ends the process if that has left so much of it unread: false. The
// caller holds the lock.
func (st *stream) release(unread int) bool {
	if st.held == nil {
		return true
	}
	if unread > 0 && !st.killed {
		st.fail(st.early())
		return false
	}
	close(st.held.done)
	st.held = nil
	return true
}

// fail ends the process because of what it did. The caller holds the lock.
func (st *stream) fail(err error) {
	st.killed, st.broken = true, err
	st.room.Broadcast()
	switch {
	case st.held != nil:
		st.held.err = err
		st.release(0)
	case len(st.queue) == 0:
		st.unheard.CompareAndSwap(nil, &err)
	}
	st.child.kill()
}

// watch minds the clock until the process has ended.
func (st *stream) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-st.child.reaped:
			return
		case <-tick.C:
			st.look(time.Now())
		}
	}
}

func (st *stream) look(now time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	unread := st.child.unread()
	if !st.reads && len(st.queue) > 0 && int64(unread) < st.child.written.Load() {
		st.reads, st.queue[0].begun = true, now // before, it was starting
	}
	if unread != st.unread { // it reads, or is being written to
		st.unread, st.moved = unread, now
	}
	silent := now.Sub(st.moved)
	if silent > hunger {
		if len(st.queue) > 0 && st.hungry() && st.starved != nil {
			st.starved()
		}
		st.room.Broadcast()
	}
	switch {
	case st.killed:
	case st.held != nil && !st.sealed && silent > watchEvery && st.alone() && st.ending != nil && st.ending():
		st.close(now) // that was all: it tells sooner than silence whether more comes
	case st.held != nil && silent > settled && (!st.writing || unread > 0):
		st.release(unread)
	case len(st.queue) == 0:
	case st.late(now) > 0:
		f := st.failure(st.child, "no answer within %s", st.late(now))
		f.TimedOut = true
		st.fail(f)
	case !st.sealed && !st.writing && st.alone() && st.protocol.keepsBack() && silent > st.wait() && unread == 0:
		st.close(now)
	}
}

// alone reports whether nobody waits to give the process more. The caller holds the lock.
func (st *stream) alone() bool { return st.putting == 0 && st.waiting.Load() == 0 }

// seal ends the process's input.
func (st *stream) seal() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.close(time.Now())
}

// close ends the process's input. The caller holds the lock.
func (st *stream) close(now time.Time) {
	st.sealed, st.sealedAt = true, now
	st.room.Broadcast()
	st.child.seal()
}

// late returns how long the first order may take, or the batch behind a header, if it has taken longer. The caller holds the
// lock.
func (st *stream) late(now time.Time) time.Duration {
	first := st.queue[0]
	limit := first.limit
	if first.isHeader {
		limit = st.timeout
		if len(st.queue) > 1 {
			limit = st.queue[1].limit
		}
	}
	if limit > 0 && now.Sub(first.begun) > limit {
		return limit
	}
	return 0
}

// wait returns how long the process may keep answers back.
func (s *streams) wait() time.Duration {
	if s.ending != nil && s.ending() {
		return hunger
	}
	return time.Duration(s.patience.Load())
}

// computes notes that a process whose input was closed went on for long: it had kept nothing back.
func (s *streams) computes() { s.patience.Store(int64(min(2*s.wait(), mostPatience))) }
