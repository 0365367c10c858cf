package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flashmob/inventory"
)

const (
	// silence is after how long without a word from the run its host may have been ended.
	silence = 2 * time.Second
	// endedEvery is how often that is asked, while the silence lasts.
	endedEvery = time.Second
)

// whileThere returns a context that ends when nothing is heard of the run any more and its initializer's host turns out to have been
// ended: the operator is not to wait for what cannot come back. The returned function ends the asking.
func (c *Cluster) whileThere(ctx context.Context, r *remote) (context.Context, func()) {
	if c.Ended == nil {
		return ctx, func() {}
	}
	ctx, end := context.WithCancelCause(ctx)
	var asking sync.WaitGroup
	asking.Go(func() {
		tick := time.NewTicker(endedEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if time.Since(c.opened)-time.Duration(c.heard.Load()) < silence {
				continue
			}
			if how := c.howEnded(ctx, r.host); how != "" {
				end(&HostError{Host: r.host.Name, Err: fmt.Errorf("%w: %s", ErrInitializerGone, how)})
				c.mu.Lock()
				defer c.mu.Unlock()
				r.close() // a channel of a connection that is silent closes only with it
				return
			}
		}
	})
	return ctx, func() {
		end(nil)
		asking.Wait()
	}
}

// howEnded asks how a silent host was ended; empty where it was not, or nobody knows: its silence may pass.
func (c *Cluster) howEnded(ctx context.Context, host inventory.Host) string {
	if c.Ended == nil {
		return ""
	}
	how, err := c.Ended(ctx, host.Name)
	if err != nil {
		c.Log.Debug("ask whether the host has ended", "host", host.Name, "err", err)
	}
	return how
}

// ErrHostEnded says that there is no such host any more.
var ErrHostEnded = errors.New("the host was ended")

// endedError is an ErrHostEnded that says how.
type endedError struct{ how string }

func (e *endedError) Error() string        { return e.how }
func (e *endedError) Is(target error) bool { return target == ErrHostEnded }
