package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// A worker that is slower than the others still holds batches when nobody else has any left. Then the initializer asks all to give
// up what they have held for long: the log hands that to those that are idle. The slow one goes on with what it has begun, but takes
// nothing new; of two parts for a range the first counts, as always. A batch is given up once.

const (
	// hurryEvery is how often the initializer looks whether somebody is idle while others hold batches.
	hurryEvery = 250 * time.Millisecond
	// hurryLeast is how long a batch may be held at least, hurryTimes how many times as long as batches take lately.
	hurryLeast = time.Second
	hurryTimes = 4
)

// hasten asks workers to give up what they hold for long, whenever others are idle and nothing is left to hand out, until ctx ends.
func (in *Initializer) hasten(ctx context.Context) error {
	tick := time.NewTicker(hurryEvery)
	defer tick.Stop()
	asked := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		in.mu.Lock()
		fed := in.status.Fed
		in.mu.Unlock()
		if !fed || in.window.empty() || !in.crew.idle() {
			continue
		}
		longer := max(hurryLeast, hurryTimes*in.pace.lately())
		if !asked {
			asked = true
			in.events.add(Incident{Kind: IncidentHurried, Reason: fmt.Sprintf("%d batches were out while slots were idle: what is held for more than %v goes to others", in.window.count(), longer)}, 1)
		}
		if err := in.nc.Publish(hurrySubject, strconv.AppendInt(nil, longer.Milliseconds(), 10)); err != nil {
			return fmt.Errorf("publish %s: %w", hurrySubject, err)
		}
	}
}

// idle reports whether a slot has nothing to do, and whether it would be another worker that it could do something for.
func (c *crew) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	there, free := 0, 0
	for _, m := range c.members {
		if m.Slots > 0 && !m.Lost {
			there++
			free += max(m.Slots-m.Busy, 0) // a slot with an operator may be at several batches
		}
	}
	return there > 1 && free > 0
}

// heedHurry gives up what this worker holds for long whenever it is asked to, until ctx ends.
func (w *worker) heedHurry(ctx context.Context) error {
	asked, err := w.nc.Subscribe(hurrySubject, func(msg *nats.Msg) {
		var milliseconds int64
		if json.Unmarshal(msg.Data, &milliseconds) == nil {
			if n := w.alive.giveUp(time.Duration(milliseconds) * time.Millisecond); n > 0 {
				w.Log.Debug("batches given up to idle workers", "batches", n)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", hurrySubject, err)
	}
	<-ctx.Done()
	return asked.Unsubscribe()
}
