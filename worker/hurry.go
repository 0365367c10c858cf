package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// A worker that is slower than the others still holds batches when nobody else has any left. Then the initializer says how long a
// batch takes on most of the slots, and all give up what is overdue by that: the log hands it to those that are idle. The slow one
// goes on with what it has begun, but takes nothing new until that is done; of two parts for a range the first counts, as always.
//
// So with batches that take T on most slots, what a slow worker holds costs at most max(1 s, 2T) from when it begins the last one,
// and T on whoever takes over, however slow it is.

const (
	// hurryEvery is how often the initializer looks whether somebody is idle while others hold batches.
	hurryEvery = 250 * time.Millisecond
	// hurryLeast is how long a batch may be held, at least.
	hurryLeast = time.Second
	// hurryTimes is how many times as long as elsewhere a batch that is begun may take.
	hurryTimes = 2
)

// overdue reports whether a batch should go to somebody idle who would have it done in so long.
func (h *holding) overdue(took time.Duration, now time.Time) bool {
	if h.begun.IsZero() {
		return Overdue(now.Sub(h.since), false, took, h.handed)
	}
	return Overdue(now.Sub(h.begun), true, took, h.handed)
}

// Overdue reports whether a batch that was handed out so many times, and that a worker has held for so long, or has begun so long ago,
// should go to somebody idle who would have it done in took. One that has not been begun would be done by then; one that is may be near
// its end. Who gets it is given longer than who had it before, or none would ever be done where a batch is much longer than others.
func Overdue(held time.Duration, begun bool, took time.Duration, handed uint64) bool {
	if begun {
		took *= hurryTimes
	}
	again := min(max(handed, 1)-1, 8)
	return held > max(hurryLeast, took)<<again
}

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
		took := in.crew.pace()
		if !asked {
			asked = true
			in.events.add(Incident{Kind: IncidentHurried, Reason: fmt.Sprintf("%d batches were out while slots were idle: what takes longer than %v goes to others", in.window.count(), max(hurryLeast, hurryTimes*took).Round(100*time.Millisecond))}, 1)
		}
		if err := in.nc.Publish(hurrySubject, strconv.AppendInt(nil, took.Milliseconds(), 10)); err != nil {
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

// pace returns how long a batch takes on most of the slots that are there. 0 while nobody has done one.
func (c *crew) pace() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Pace
	for _, m := range c.members {
		if m.pace.took > 0 && !m.Lost {
			all = append(all, Pace{m.pace.took, m.Slots})
		}
	}
	return Usual(all)
}

// Pace is how long a batch takes on the slots of a worker.
type Pace struct {
	Took  time.Duration
	Slots int
}

// Usual returns how long a batch takes on most of the slots: half of them or more take no longer. 0 where there are none. The slow
// ones' own times say nothing of how long the idle would take.
func Usual(all []Pace) time.Duration {
	slots := 0
	for _, p := range all {
		slots += p.Slots
	}
	slices.SortFunc(all, func(a, b Pace) int { return cmp.Compare(a.Took, b.Took) })
	for _, p := range all {
		if slots -= 2 * p.Slots; slots <= 0 {
			return p.Took
		}
	}
	return 0
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
