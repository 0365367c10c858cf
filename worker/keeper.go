package worker

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// keeper tells the log, again and again, that the batches a worker holds are being worked on.
type keeper struct {
	mu   sync.Mutex
	held map[jetstream.Msg]struct{}
}

func (k *keeper) add(m jetstream.Msg) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held == nil {
		k.held = map[jetstream.Msg]struct{}{}
	}
	k.held[m] = struct{}{}
}

func (k *keeper) remove(m jetstream.Msg) {
	k.mu.Lock()
	defer k.mu.Unlock()
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
	for m := range k.held {
		_ = m.InProgress() // fails when the log is away: then the batch is handed out again, which does no harm
	}
}
