package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// redealEvery is how often the initializer looks whether a worker has come or gone.
const redealEvery = 20 * time.Millisecond

// listening is what there is to hear in a run with keyed stages; nothing in any other.
type listening struct {
	deliveries <-chan *delivered
	progress   chan *nats.Msg
	tick       <-chan time.Time
	stop       func()
}

// listen begins to listen to owners and to the exchange. k may be nil.
func (k *keyed) listen(ctx context.Context, nc *nats.Conn, js jetstream.JetStream) (l listening, err error) {
	if k == nil {
		return listening{stop: func() {}}, nil
	}
	l.progress = make(chan *nats.Msg, 256)
	heard, err := nc.ChanSubscribe(progressSubject, l.progress)
	if err != nil {
		return l, fmt.Errorf("subscribe %s: %w", progressSubject, err)
	}
	reader, err := readExchange(ctx, js, 1)
	if err != nil {
		return l, err
	}
	ticker := time.NewTicker(redealEvery)
	l.deliveries, l.tick = reader.deliveries(), ticker.C
	l.stop = func() {
		ticker.Stop()
		reader.stop()
		heard.Unsubscribe()
	}
	return l, nil
}

// merged reports whether all runs that make the results have come. k may be nil.
func (k *keyed) merged() bool { return k == nil || k.stages[0].OnUpdate() || k.missing == 0 }
