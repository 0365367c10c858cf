package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
)

// AckWait is how long a batch may go without a sign of life from its worker before the log hands it to another, where the
// run does not say otherwise.
const AckWait = 2 * time.Second

// worker is a Run in progress.
type worker struct {
	Config
	nc     *nats.Conn
	js     jetstream.JetStream
	spec   Spec
	depot  depot
	ranges *input.Ranges
	alive  keeper
	pace   pace
	bucket jetstream.KeyValue
	trials trials
	lanes  []*lanes // of each slot
	held   *window  // batches that wait or are worked on
	meters *meters
	busy   atomic.Int64  // slots at work
	final  atomic.Bool   // the last batch was here
	parts  chan struct{} // closed when the worker has begun to leave, and nothing but what it owns holds it
	bare   chan struct{} // closed when it owns nothing any more, or has left all of it behind
}

// parting reports whether the worker has begun to leave.
func (w *worker) parting() bool {
	select {
	case <-w.parts:
		return true
	default:
		return false
	}
}

// claim is a batch that this worker holds.
type claim struct {
	batch  Batch
	body   []byte
	msg    jetstream.Msg
	came   time.Time
	number uint64 // of its message in the log
	handed uint64 // how often the log has handed it out
}

// work pulls batches and processes them on the slots.
//
// The slots are kept busy: batches wait in ready, and a slot does not wait for the acks of its last part before it
// begins the next batch.
//
// Drained, it pulls no more; when the slots have done what was pulled and their acks are sent, it leaves.
func (w *worker) work(ctx context.Context, leave context.CancelCauseFunc) (err error) {
	f, err := flowOf(w.spec.Run, w.Flow)
	if err != nil {
		return err
	}
	var batches jetstream.Consumer
	err = insist(ctx, w.Log, "join run", func() (err error) {
		batches, err = w.js.Consumer(ctx, batchStream, batchConsumer)
		return err
	})
	if err != nil {
		return fmt.Errorf("join run %s: %w", w.spec.Run.ID, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	hands, handsCtx := errgroup.WithContext(ctx) // the slots, and whoever brings away what they made
	each := lanesOf(f, w.spec.Run.Inputs)
	ready := make(chan claim, w.Slots*(aheadMost+2+each)) // has room for all that can be held
	operators, err := w.openOperators(f, func() int { return len(ready) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOperators(operators)) }()
	for i := range w.Slots * each {
		packer, err := newPacker(w.spec.Run.Compress)
		if err != nil {
			return err
		}
		number := i % w.Slots // lanes wait in this order for the first batches: of a few, every slot is to have some
		s := &slot{number: number, worker: w.Name, spec: w.spec, flow: f, packer: packer, depot: w.depot, ranges: w.ranges, lanes: w.lanes[number]}
		if w.spec.Partitions > 0 {
			s.split = make([][]byte, w.spec.Partitions)
		}
		if operators != nil {
			s.operator, s.trials, s.more = operators[number], &w.trials, func() bool { return len(ready) > 0 }
		}
		hands.Go(func() error { return w.serve(handsCtx, hands, s, ready) })
	}
	if w.spec.Partitions > 0 {
		group.Go(func() error { return w.own(ctx, f) })
	}
	group.Go(func() error {
		err := w.pull(handsCtx, batches, ready, each)
		close(ready)
		if failed := hands.Wait(); failed != nil || !errors.Is(err, errDrain) {
			return cmp.Or(failed, err)
		}
		w.part(ctx, leave)
		return nil
	})
	group.Go(func() error { return w.alive.run(ctx, w.spec.AckWait/4) })
	group.Go(func() error { return w.heedHurry(ctx) })
	group.Go(func() error { return w.holdsBatches(ctx) })
	group.Go(func() error { return w.beat(ctx) })
	group.Go(func() error { return w.meter(ctx) })
	err = group.Wait()
	return errors.Join(err, w.sendMetrics()) // the last, when nothing is counted any more
}

// lanesOf returns how many batches a slot works on at once. Where they are read over a network, the next one is read while an
// operator works on one, though it takes no more.
func lanesOf(f *flow.Flow, inputs []input.Input) int {
	if f.HasOperator() && slices.ContainsFunc(inputs, input.Input.IsRemote) {
		return max(f.Lanes(), 2)
	}
	return f.Lanes()
}

// pull keeps ready filled, with as many batches as should be held.
func (w *worker) pull(ctx context.Context, batches jetstream.Consumer, ready chan<- claim, lanes int) error {
	limit := func() int {
		if w.alive.late() {
			return 0
		}
		return w.Slots * (w.pace.hold() + lanes - 1)
	}
	for {
		if err := w.held.enter(ctx, w.Drain, limit); err != nil {
			return err
		}
		n := 1 + w.held.fill(limit())
		got, err := w.fetch(ctx, batches, n, ready)
		w.held.leave(n - got)
		if err != nil {
			return err
		}
	}
}

// fetch asks the log for up to n batches and passes on those that it gets.
func (w *worker) fetch(ctx context.Context, batches jetstream.Consumer, n int, ready chan<- claim) (got int, err error) {
	// One is waited for; the rest comes along if it is there.
	wait, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	messages, err := batches.Fetch(n, jetstream.FetchContext(wait))
	if err != nil {
		return 0, w.retry(ctx, "pull batches", err)
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	for msg := range messages.Messages() {
		c := claim{msg: msg, came: time.Now()}
		if meta, err := msg.Metadata(); err == nil {
			c.number, c.handed = meta.Sequence.Stream, meta.NumDelivered
		}
		if c.body, err = decode(msg.Data(), &c.batch); err != nil {
			return got, fmt.Errorf("pull batch: %w", err)
		}
		if w.alive.late() { // asked for before others were to have what there is
			_ = msg.Nak() // where it is lost, the ack wait does the same a little later
			continue
		}
		got++
		if c.handed > 1 {
			asking.Go(func() { w.takeAgain(ctx, c, ready) })
			continue
		}
		w.alive.add(msg, c.number, c.handed)
		reach("pulled")
		ready <- c
	}
	if err := messages.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return got, w.retry(ctx, "pull batches", err)
	}
	return got, nil
}

// retry waits a little after an error of the log, which may be away for a while: only ctx ends a worker.
func (w *worker) retry(ctx context.Context, doing string, err error) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(retryPause):
		w.Log.Debug("log not reached", "doing", doing, "err", err)
		return nil
	}
}

// serve processes what comes through ready on one slot, until that is closed.
func (w *worker) serve(ctx context.Context, group *errgroup.Group, s *slot, ready <-chan claim) error {
	for {
		if more, err := w.serveNext(ctx, group, s, ready); !more || err != nil {
			return err
		}
	}
}

// serveNext processes the next batch. It returns false when there is none any more.
func (w *worker) serveNext(ctx context.Context, group *errgroup.Group, s *slot, ready <-chan claim) (more bool, err error) {
	if err := s.lanes.enter(ctx); err != nil {
		return false, err
	}
	defer s.lanes.leave(1)
	var c claim
	select {
	case c, more = <-ready:
		if !more {
			return false, nil
		}
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if c.batch.Final {
		w.final.Store(true)
	}
	if !w.alive.begin(c.msg) {
		w.alive.remove(c.msg)
		w.held.leave(1)
		return true, nil
	}
	w.busy.Add(1)
	begun := time.Now()
	reach("begun")
	made, err := s.process(ctx, c.batch, c.body)
	if err != nil && ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	w.meters.processed(s.number, c, made, begun.Sub(c.came), time.Since(begun))
	made.part.Handed = c.handed
	if err != nil {
		made.part.Failure = err.Error()
	}
	w.busy.Add(-1)
	if c.batch.typical() {
		w.pace.observe(made.part.Took + made.part.Start)
	}
	w.held.leave(1)
	group.Go(func() error { return w.commit(ctx, c, made) })
	return true, nil
}

// commit publishes the part, waits until the log has it, and only then acks the batch: in between lies nothing that
// could be lost.
func (w *worker) commit(ctx context.Context, c claim, made product) error {
	defer func() {
		w.alive.remove(c.msg)
		w.held.stir()
	}()
	begun := time.Now()
	reach("made")
	if brokenAck {
		_ = c.msg.Ack()
		_ = w.nc.Flush()
		reach("spoiled")
	}
	part, body := made.part, made.body
	if len(body) > inlineLimit {
		ref, err := w.depot.Put(body)
		if err != nil {
			part.Failure = err.Error()
		}
		part.Ref, body = ref, nil
	}
	var err error
	if w.spec.Partitions > 0 {
		err = w.deliver(ctx, Delivery{Part: part, Segments: made.segments}, body, made.entries)
	} else {
		var message []byte
		if message, err = encode(part, body); err == nil {
			err = w.publish(ctx, partSubject, message)
		}
	}
	if err != nil && !errors.Is(err, errRunOver) { // it is over: so the part was gathered before the log's answer came
		return err
	}
	reach("logged")
	w.ack(ctx, c)
	w.meters.add(StageCommit, Counts{
		Batches: 1, Records: part.Tally.In, Bytes: made.read, Results: int64(len(made.body)), Rejected: part.Tally.Rejected, Busy: time.Since(begun),
	})
	reach("acked")
	return nil
}

// publish returns when the log has the message, however long that takes.
func (w *worker) publish(ctx context.Context, subject string, message []byte) error {
	for {
		if replyLost(w.nc, subject, message) {
			continue
		}
		_, err := w.js.Publish(ctx, subject, message)
		if err == nil {
			return nil
		}
		if err := w.retry(ctx, "publish "+subject, err); err != nil {
			return err
		}
	}
}
