package worker

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// keeper tells the log, again and again, that the batches a worker holds are being worked on. Safe for concurrent use.
type keeper struct {
	mu    sync.Mutex
	held  map[jetstream.Msg]*holding
	given int      // of them were given up
	done  []uint64 // numbers of messages whose acks the log has, the last doneKept
}

// doneKept is how many batches a worker remembers that it has done.
const doneKept = 1000

// holding is what is known of a batch that is held.
type holding struct {
	number uint64 // of its message
	since  time.Time
	begun  time.Time // zero until a slot is at it
	handed uint64    // how often the log has handed it out
	given  bool      // up: others may have it
}

func (k *keeper) add(m jetstream.Msg, number, handed uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held == nil {
		k.held = map[jetstream.Msg]*holding{}
	}
	k.held[m] = &holding{number: number, since: time.Now(), handed: handed}
}

// begin notes that a slot begins a batch, unless that was given up.
func (k *keeper) begin(m jetstream.Msg) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.held[m]
	if h == nil || h.given {
		return false
	}
	h.begun = time.Now()
	return true
}

func (k *keeper) remove(m jetstream.Msg) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h := k.held[m]; h != nil && h.given {
		k.given--
	}
	delete(k.held, m)
}

// did remembers a batch as done.
func (k *keeper) did(number uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.done) == doneKept {
		k.done = slices.Delete(k.done, 0, 1)
	}
	k.done = append(k.done, number)
}

// holds reports whether the batch of a message is held, and was not given up; or was done a while ago, when the log may have
// been on the way to hand it out again.
func (k *keeper) holds(number uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.done, number) {
		return true
	}
	for _, h := range k.held {
		if h.number == number && !h.given {
			return true
		}
	}
	return false
}

func (k *keeper) run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			k.renew()
		}
	}
}

func (k *keeper) renew() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for m, h := range k.held {
		if !h.given {
			_ = m.InProgress() // fails when the log is away: then the batch is handed out again, which does no harm
		}
	}
}

// giveUp lets others have what is overdue where batches take so long elsewhere. It returns how many batches that are.
func (k *keeper) giveUp(took time.Duration) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	for m, h := range k.held {
		if !h.given && h.overdue(took, now) {
			_ = m.Nak() // where it is lost, the ack wait does the same a little later
			h.given = true
			n++
		}
	}
	k.given += n
	return n
}

// late reports whether anything that is held was given up: this worker should take nothing new.
func (k *keeper) late() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.given > 0
}
