package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"flashmob/flow"
)

// protocol is how a long-lived program is spoken to.
type protocol interface {
	// header and batch return what is written to the program for them.
	header(text []byte) [][]byte
	batch(in flow.Bundle) [][]byte
	// parser returns what takes in the output of one process.
	parser() parser
	// surplus says what is wrong with a program that gives something when it was asked for nothing.
	surplus() string
	// early says what is wrong with a program that answers what it has not read.
	early() string
	// keepsBack reports whether a program may keep answers back until it has more input.
	keepsBack() bool
}

// parser takes in what a process gives, for the orders that it has.
type parser interface {
	// space returns where to read what comes next of the answer to an order: into that block, or behind the order's output.
	space(o *order, block []byte) []byte
	// take takes in a block's front for an order, and returns how much of it, and whether the order is done with that. A
	// failure is the order's, which is done; an error is the process's.
	take(block []byte, o *order) (n int, done bool, err error)
	// end returns whether an order is done with what came before the end of the output.
	end(o *order) bool
}

// streams is the operator of the long-lived modes: one process after the other, each for as many batches as it lives.
type streams struct {
	*program
	protocol protocol
	patience atomic.Int64 // how long a process may keep answers back, in nanoseconds

	waiting atomic.Int64 // bundles that wait for their turn
	// unheard is what was found wrong with a process when nobody waited for it: the next one hears of it, or who closes.
	unheard atomic.Pointer[error]

	turn sync.Mutex // held by whoever writes
	mu   sync.Mutex
	last *stream // takes orders; nil before the first
	all  sync.WaitGroup
}

func newStreams(p *program, how protocol) *streams {
	s := &streams{program: p, protocol: how}
	s.patience.Store(int64(firstPatience))
	return s
}

// Process gives a batch to the process that there is, behind those that it has already.
func (s *streams) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	try := s.try
	if in.Apart {
		try = s.apart
	}
	for {
		y, err := try(ctx, in)
		if !errors.Is(err, errAgain) {
			return y, err
		}
	}
}

func (s *streams) try(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	s.waiting.Add(1)
	s.turn.Lock()
	s.waiting.Add(-1)
	st, first, err := s.stream(in.Header)
	if err != nil {
		s.turn.Unlock()
		return flow.Yield{}, err
	}
	o := st.order(ctx, in, first)
	s.turn.Unlock()
	if o == nil {
		return flow.Yield{}, errAgain
	}
	return st.await(ctx, o)
}

// apart gives a batch to a process of its own, whose input ends with it.
func (s *streams) apart(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	s.mu.Lock()
	st, first, err := s.open(in.Header)
	s.mu.Unlock()
	if err != nil {
		return flow.Yield{}, err
	}
	defer st.child.kill()
	o := st.order(ctx, in, first)
	if o == nil {
		return flow.Yield{}, errAgain
	}
	st.seal()
	return st.await(ctx, o)
}

// order queues a batch and writes it to the process, behind what else is to be written. It returns nil if the process takes no more.
func (st *stream) order(ctx context.Context, in flow.Bundle, first [][]byte) *order {
	pieces := st.protocol.batch(in)
	o := st.put(&order{want: in.Count, size: size(pieces), output: room(in), limit: st.limit(in)})
	if o != nil {
		// Where it cannot be written, the process has ended, which settles the order.
		_ = st.child.write(ctx, append(first, pieces...)...)
		st.wrote()
	}
	return o
}

func size(pieces [][]byte) (n int) {
	for _, piece := range pieces {
		n += len(piece)
	}
	return n
}

// await waits for what the process makes of an order.
func (st *stream) await(ctx context.Context, o *order) (flow.Yield, error) {
	select {
	case <-o.done:
	case <-ctx.Done():
		st.child.kill()
		<-o.done
	}
	if ctx.Err() != nil {
		return flow.Yield{}, context.Cause(ctx)
	}
	if o.err != nil {
		return flow.Yield{}, o.err
	}
	return flow.Yield{Header: st.title, Records: o.output, Room: o.output, Count: o.got, Took: o.took}, nil
}

// stream returns a process that takes orders, and what is to be written to it first.
func (s *streams) stream(header []byte) (st *stream, first [][]byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.unheard.Swap(nil); err != nil {
		return nil, nil, *err
	}
	if s.last != nil && s.last.takes() {
		return s.last, nil, nil
	}
	if st, first, err = s.open(header); err == nil {
		s.last = st
	}
	return st, first, err
}

// open starts a process, and returns what is to be written to it first. The caller holds the lock.
func (s *streams) open(header []byte) (st *stream, first [][]byte, err error) {
	c, err := s.start()
	if err != nil {
		return nil, nil, err
	}
	st = &stream{streams: s, child: c, parse: s.protocol.parser(), moved: time.Now()}
	st.room = sync.NewCond(&st.mu)
	if header != nil {
		st.queue = append(st.queue, &order{isHeader: true, want: 1, begun: time.Now(), done: make(chan struct{})})
		first = s.protocol.header(header)
	}
	s.all.Go(st.read)
	s.all.Go(st.watch)
	return st, first, nil
}

// Close ends the process.
func (s *streams) Close() error {
	s.mu.Lock()
	st := s.last
	s.last = nil
	s.mu.Unlock()
	if st != nil {
		st.child.seal()
		st.child.settle(linger) // most go by themselves
		st.child.kill()
	}
	s.all.Wait()
	killMarked(s.mark)
	if err := s.unheard.Swap(nil); err != nil { // it gave more when its input had ended, say
		return *err
	}
	return nil
}

// read takes in what the process gives until it ends, and settles its orders.
func (st *stream) read() {
	block := make([]byte, readBlock)
	for {
		space := st.space(block)
		n, err := st.child.out.Read(space)
		for rest, ok := space[:n], true; len(rest) > 0; {
			if rest, ok = st.take(rest, block); !ok {
				st.child.kill()
				break
			}
		}
		if err != nil {
			st.child.settle(linger)
			select {
			case <-st.child.exited:
			default:
				st.shuts()
			}
			unread := st.child.unread()
			st.child.close()
			st.over(err, unread)
			return
		}
	}
}

// shuts notes that the process has closed its output and goes on running.
func (st *stream) shuts() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.shut = true
}

// over settles what the process has not answered, for it has ended. The first order of it is at fault, the others are not.
func (st *stream) over(readErr error, unread int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.ended = true
	st.room.Broadcast()
	st.release(unread)
	for i, o := range st.queue {
		switch {
		case i > 0 && !(i == 1 && st.queue[0].isHeader):
			o.err = errAgain
		case o.isHeader: // the batch behind it says what is wrong
		case st.broken != nil:
			o.err = st.broken
		case st.sealed && st.child.err == nil && unread == 0 && st.parse.end(o):
			st.answer(o)
			continue
		case st.answered > 0 && st.child.err == nil && !st.sealed && !st.killed && o.got == 0 && readErr == io.EOF:
			o.err = errAgain // a process may have enough after some batches; whose fault it is, a fresh one tells
		default:
			o.err = st.why(o, readErr, unread)
		}
		close(o.done)
	}
	st.queue = nil
	if st.sealed && time.Since(st.sealedAt) > 10*st.wait() {
		st.computes()
	}
}

// why returns what is wrong with the first order of a process that has ended without answering it.
func (st *stream) why(o *order, readErr error, unread int) error {
	how := st.child.how()
	switch {
	case readErr != io.EOF && !st.killed:
		return fmt.Errorf("read from %q: %w", st.command, readErr)
	case st.shut && !st.killed:
		return st.failure(st.child, "it closed its standard output and went on running")
	case st.child.err != nil:
		return st.failure(st.child, "%s", how)
	case unread > 0 || !st.sealed:
		f := st.failure(st.child, "it ended, with %s, before its input did", how)
		f.Enough = o.got
		return f
	}
	f := st.failure(st.child, "it gave %d records for %d: the mode lines wants one for each, batch does not", o.got, o.want)
	f.Fatal = st.answered > 0 // whose they are that came, nobody knows
	return f
}
