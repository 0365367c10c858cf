package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The log tells by the machine's clock how long a batch has gone without a sign of life. When that is set forward, all that is out
// is handed out once more, and of two parts the first counts. When it is set back, what a dead worker held would wait until the
// clock is where it was: so the log then forgets who has what, which hands out once more, too. All other durations of a run are
// measured by clocks that nobody sets.

// clockEvery is how often the machine's clock is compared with one that only goes forward.
const clockEvery = 250 * time.Millisecond

// wallClock is what the machine's clock, which may be set, shows at a moment.
func wallClock(now time.Time) time.Time { return now.Round(0) }

// clock notices when the machine's clock is set.
type clock struct {
	wall        func(time.Time) time.Time
	last, shown time.Time
}

func newClock(wall func(time.Time) time.Time) clock {
	now := time.Now()
	return clock{wall: wall, last: now, shown: wall(now)}
}

// back returns by how much it was set back since the last call; less than zero where it was set forward.
func (c *clock) back() time.Duration {
	now := time.Now()
	wall := c.wall(now)
	back := now.Sub(c.last) - wall.Sub(c.shown)
	c.last, c.shown = now, wall
	return back
}

// watchClock hands out what is out once more whenever the clock of a machine that holds the log is set back by more than an ack wait,
// until ctx ends. Which replica goes by its clock changes, so all of them say when theirs is set back.
func (in *Initializer) watchClock(ctx context.Context) error {
	told := make(chan string, 1)
	telling, err := in.nc.Subscribe(clockSubject, func(msg *nats.Msg) {
		select {
		case told <- string(msg.Data):
		default: // it is about to be heeded
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", clockSubject, err)
	}
	defer telling.Unsubscribe()
	own := newClock(in.wall)
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	if in.replica != nil { // it says so, too
		tick.Stop()
	}
	for {
		host := "initializer"
		select {
		case <-ctx.Done():
			return nil
		case host = <-told:
		case <-tick.C:
			if own.back() <= in.AckWait {
				continue
			}
		}
		in.Log.Warn("a clock was set back: batches that are out are handed out again", "host", host)
		err := insist(ctx, in.Log, "hand out again", func() error {
			if err := in.js.DeleteConsumer(ctx, batchStream, batchConsumer); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
				return err
			}
			return in.makeBatchConsumer(ctx)
		})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("hand out again: %w", err)
		}
	}
}

// makeBatchConsumer makes the consumer that all slots pull from.
func (in *Initializer) makeBatchConsumer(ctx context.Context) error {
	_, err := in.js.CreateOrUpdateConsumer(ctx, batchStream, jetstream.ConsumerConfig{
		Durable: batchConsumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: in.AckWait, MaxAckPending: -1,
	})
	return err
}
