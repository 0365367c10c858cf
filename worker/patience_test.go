package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestTheLogIsWaitedForWhenItIsAway(t *testing.T) {
	reset := fmt.Errorf("keep body: %w", &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET})
	for _, err := range []error{reset, nats.ErrDisconnected, nats.ErrNoResponders, &jetstream.APIError{Code: http.StatusServiceUnavailable}} {
		tries := 0
		got := insist(t.Context(), slog.New(slog.DiscardHandler), "test", func() error {
			if tries++; tries < 3 {
				return err
			}
			return nil
		})
		if got != nil || tries != 3 {
			t.Errorf("%v: %d tries, then %v", err, tries, got)
		}
	}
}

func TestTheLogIsNotWaitedForInVain(t *testing.T) {
	for _, err := range []error{nats.ErrConnectionClosed, nats.ErrMaxPayload, &jetstream.APIError{Code: http.StatusNotFound}} {
		tries := 0
		got := insist(t.Context(), slog.New(slog.DiscardHandler), "test", func() error { tries++; return err })
		if !errors.Is(got, err) || tries != 1 {
			t.Errorf("%v: %d tries, then %v", err, tries, got)
		}
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	got := insist(ctx, slog.New(slog.DiscardHandler), "test", func() error { cancel(cause); return nats.ErrTimeout })
	if !errors.Is(got, cause) {
		t.Errorf("after its context ended: %v", got)
	}
}
