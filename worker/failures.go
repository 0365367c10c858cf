package worker

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
)

// OperatorFailure is the first batch that a worker's program has failed on.
type OperatorFailure struct {
	Worker string `json:"worker"`
	Reason string `json:"reason"` // with the end of what the program said
}

// tellFailure tells the initializer, so that whoever follows the run sees it at once. The results do not depend on it.
func (w *worker) tellFailure(name, reason string) {
	text, err := json.Marshal(OperatorFailure{Worker: name, Reason: reason})
	if err == nil {
		err = w.nc.Publish(failureSubject, text)
	}
	if err != nil {
		w.Log.Warn("a batch failed", "reason", reason, "err", err)
	}
}

// hearFailures keeps the first failure that a worker tells of, until ctx ends.
func (in *Initializer) hearFailures(ctx context.Context) error {
	failures := make(chan *nats.Msg, 16)
	listening, err := in.nc.ChanSubscribe(failureSubject, failures)
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", failureSubject, err)
	}
	defer listening.Unsubscribe()
	for {
		select {
		case <-ctx.Done():
			for { // what has come is still heard: the run may have been short
				select {
				case msg := <-failures:
					if err := in.hearFailure(msg); err != nil {
						return err
					}
				default:
					return nil
				}
			}
		case msg := <-failures:
			if err := in.hearFailure(msg); err != nil {
				return err
			}
		}
	}
}

// hearFailure keeps a failure, if it is the first.
func (in *Initializer) hearFailure(msg *nats.Msg) error {
	var f OperatorFailure
	if err := json.Unmarshal(msg.Data, &f); err != nil {
		return fmt.Errorf("failure: %w", err)
	}
	in.mu.Lock()
	first := in.status.Failure == nil
	if first {
		in.status.Failure = &f
	}
	in.mu.Unlock()
	if first {
		in.Log.Warn("a batch failed: looking for the record that it fails on", "worker", f.Worker, "reason", f.Reason)
	}
	return nil
}
