package worker

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// keeper tells the log, again and again, that the batches a worker holds are being worked on. Safe for concurrent use.
type keeper struct {
	mu    sync.Mutex
	held  map[jetstream.Msg]*holding
	given int // of them were given up
}

// holding is what is known of a batch that is held.
type holding struct {
	since time.Time
	again bool // the log had handed it out before
	given bool // up: others may have it
}

func (k *keeper) add(m jetstream.Msg, again bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held == nil {
		k.held = map[jetstream.Msg]*holding{}
	}
	k.held[m] = &holding{since: time.Now(), again: again}
}

func (k *keeper) remove(m jetstream.Msg) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h := k.held[m]; h != nil && h.given {
		k.given--
	}
	delete(k.held, m)
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

// giveUp lets others have what has been held for longer, but for what was given up by somebody before. It returns how many
// batches that are.
func (k *keeper) giveUp(longer time.Duration) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for m, h := range k.held {
		if !h.given && !h.again && time.Since(h.since) > longer {
			_ = m.Nak() // where it is lost, the ack wait does the same a little later
			h.given = true
			n++
		}
	}
	k.given += n
	return n
}

// gave reports whether a batch that is held was given up.
func (k *keeper) gave(m jetstream.Msg) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.held[m]
	return h != nil && h.given
}

// late reports whether anything that is held was given up: this worker should take nothing new.
func (k *keeper) late() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.given > 0
}
