package worker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Where the log has replicas there are seconds in which none of them leads. Signs of life and acks get lost in them, so the next
// one that leads hands out again at once all that was out. It is in good hands, mostly: a worker that gets a batch again asks the
// others first, and leaves it to the one that is at it. And whoever is done with one insists on its ack: until the log
// has taken it, the batch is still held.

// holdsBatches answers others that ask whether this worker is at a batch, until ctx ends.
func (w *worker) holdsBatches(ctx context.Context) error {
	if w.spec.Replicas == 0 {
		return nil
	}
	asked, err := w.nc.Subscribe(claimSubject, func(msg *nats.Msg) {
		number, err := strconv.ParseUint(string(msg.Data), 10, 64)
		if err == nil && w.alive.holds(number) {
			_ = msg.Respond(nil) // who asked waits only so long
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", claimSubject, err)
	}
	<-ctx.Done()
	return asked.Unsubscribe()
}

// heeded is how often the log may hand out a batch that others say is theirs. If it is still not done then, what they have done of it
// is lost, together with too many replicas.
const heeded = 8

// takeAgain takes a batch that the log hands out again, unless a worker is at it.
func (w *worker) takeAgain(ctx context.Context, c claim, ready chan<- claim) {
	if c.handed <= heeded && w.isHeld(ctx, c.number) {
		w.held.leave(1)
		return
	}
	w.alive.add(c.msg, c.number, c.handed)
	reach("pulled")
	ready <- c
}

// isHeld reports whether a worker, maybe this one, is at a batch that the log hands out again.
func (w *worker) isHeld(ctx context.Context, number uint64) bool {
	if w.spec.Replicas == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, w.spec.AckWait/4)
	defer cancel()
	_, err := w.nc.RequestWithContext(ctx, claimSubject, strconv.AppendUint(nil, number, 10))
	return err == nil
}

// ackAnswer is how long the log may take to answer to an ack.
const ackAnswer = time.Second

// ack tells the log that a batch is done. One that it does not hear only makes it hand out the batch again, and the gatherer drop
// what comes of it.
func (w *worker) ack(ctx context.Context, c claim) {
	if w.spec.Replicas == 0 {
		if err := c.msg.Ack(); err != nil {
			w.Log.Debug("ack batch", "batch", c.batch.Offset, "err", err)
		}
		return
	}
	for {
		waiting, cancel := context.WithTimeout(ctx, ackAnswer)
		err := c.msg.DoubleAck(waiting)
		cancel()
		switch {
		case err == nil:
			w.alive.did(c.number)
			return
		case errors.Is(err, jetstream.ErrMsgAlreadyAckd): // it was given up to others
			return
		}
		if w.retry(ctx, "ack batch", err) != nil {
			return
		}
	}
}
