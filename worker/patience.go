package worker

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// away reports whether an error only says that the log does not answer: it may be starting again.
func away(err error) bool {
	for _, passing := range []error{
		nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded,
		nats.ErrNoServers, jetstream.ErrNoStreamResponse, context.DeadlineExceeded,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	var broken *net.OpError // a connection that breaks while something is written to it
	if errors.As(err, &broken) {
		return true
	}
	var refused *jetstream.APIError
	return errors.As(err, &refused) && (refused.Code == http.StatusServiceUnavailable || refused.ErrorCode == noPeers)
}

// noPeers is the log's code for too few replicas of it being there to make a stream.
const noPeers = 10005

// insist does something with the log until it is done, or fails for another reason than that the log is away, or ctx ends.
func insist(ctx context.Context, log *slog.Logger, doing string, do func() error) error {
	for {
		err := do()
		if err == nil || !away(err) {
			return err
		}
		log.Debug("log not reached", "doing", doing, "err", err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(retryPause):
		}
	}
}

// retryPause is how long to wait before the log is asked again.
const retryPause = 100 * time.Millisecond
