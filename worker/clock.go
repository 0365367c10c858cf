package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// watchClock hands out what is out once more whenever the machine's clock is set back by more than an ack wait, until ctx ends.
func (in *Initializer) watchClock(ctx context.Context) error {
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	last := time.Now()
	shown := in.wall(last)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := time.Now()
		wall := in.wall(now)
		back := now.Sub(last) - wall.Sub(shown)
		last, shown = now, wall
		if back <= in.AckWait {
			continue
		}
		in.Log.Warn("the machine's clock was set back: batches that are out are handed out again", "by", back.Round(time.Second))
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
