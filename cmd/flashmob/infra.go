package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"flashmob/infra"
)

// orphanPause is how long to wait before asking again whether what an operator that died has left has stopped. Its own
// patience ends it.
const orphanPause = 200 * time.Millisecond

// callInfra runs an operation of Pulumi's in its own process, showing what happens on the way.
func callInfra(ctx context.Context, show *display, request infra.Request) (infra.Reply, error) {
	program, err := beside("infra")
	if err != nil {
		return infra.Reply{}, err
	}
	log := show.logger()
	var reply infra.Reply
	for waiting := false; ; {
		reply, err = infra.Call(ctx, program, request, func(e infra.Event) { log.Info(e.String()) })
		var locked *infra.LockedError
		if !errors.As(err, &locked) || !locked.Holder.Orphaned() {
			break
		}
		if !waiting {
			waiting = true
			log.Info("waiting for the operation of an operator that died to stop", "operation", locked.Holder.Operation,
				"pid", locked.Holder.PID, "since", locked.Holder.Since.Local().Format(time.TimeOnly))
		}
		select {
		case <-ctx.Done():
			return reply, fmt.Errorf("%s: %w: %w", request.Operation, errInterrupted, err)
		case <-time.After(orphanPause):
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return reply, fmt.Errorf("%s: %w: %w", request.Operation, errInterrupted, err)
		}
		if strings.Contains(err.Error(), "get credentials") { // the SDK has no type for it, and it comes as text
			return reply, withHint(infraError{err}, "no AWS credentials were found: flashmob doctor looks for them; --cloud sandbox needs none")
		}
		return reply, infraError{err}
	}
	return reply, nil
}

// interruptible returns a context that the first Ctrl-C ends.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// result shows the result of a command: as JSON, as text, or not at all.
func (d *display) result(value any, text func()) error {
	switch {
	case d.json:
		return json.NewEncoder(d.out).Encode(value)
	case !d.quiet:
		text()
	}
	return nil
}
