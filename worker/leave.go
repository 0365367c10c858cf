package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// InitializerWait is how long a worker looks for an initializer that does not answer: longer than a host takes to boot,
// or a network to come back, and no longer. Then it leaves, so that no process outlives its run for good.
const InitializerWait = 10 * time.Minute

// ErrAlone says that a worker left because its initializer was gone for too long.
var ErrAlone = errors.New("the initializer is gone")

// ErrLeft says that a worker was drained: it left before the run's end, and holds nothing that is not done.
var ErrLeft = errors.New("drained: it left before the end of the run")

// giveUpAlone calls giveUp when nc has been without its server for so long; it returns then, or when ctx ends.
func giveUpAlone(ctx context.Context, nc *nats.Conn, patience time.Duration, giveUp context.CancelCauseFunc) {
	changed := nc.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.CLOSED)
	defer nc.RemoveStatusListener(changed)
	alone := time.NewTimer(patience)
	defer alone.Stop()
	if nc.IsConnected() {
		alone.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case status := <-changed:
			switch status {
			case nats.CONNECTED:
				alone.Stop()
			case nats.RECONNECTING: // said again at every loss, and only then
				alone.Reset(patience)
			}
		case <-alone.C:
			giveUp(fmt.Errorf("%w: no answer for %v", ErrAlone, patience))
			return
		}
	}
}

// ackWait is how long a worker that leaves waits until its acks are with the log. Those that are not cost time only: the
// log hands their batches out again.
const ackWait = 2 * time.Second

// handOverMost is how long a worker that leaves waits for others to take over what it owns. Then it leaves the state behind
// in snapshots: nobody may be there.
const handOverMost = 5 * time.Second

// part leaves when all that was pulled is done and acked, and what it owns is handed over.
func (w *worker) part(ctx context.Context, leave context.CancelCauseFunc) {
	close(w.parts)
	if w.spec.Partitions > 0 {
		_ = w.sendBeat(false) // one that is lost is followed by the next
		select {
		case <-w.bare:
		case <-ctx.Done():
		}
	}
	flushing, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	if err := w.nc.FlushWithContext(flushing); err != nil {
		w.Log.Debug("flush acks", "err", err)
	}
	w.Log.Info("drained", "worker", w.Name)
	leave(ErrLeft)
}
