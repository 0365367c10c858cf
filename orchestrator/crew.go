package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"flashmob/inventory"
)

// rereadEvery is how often new hosts are looked for.
const rereadEvery = 2 * time.Second

// crew is the hosts of a run on their way to work.
type crew struct {
	group       sync.WaitGroup
	initializer chan *remote  // gets the initializer once it is up
	failed      chan error    // or the reason why it will not be
	settled     chan struct{} // closed when all that the run began with are at work, or given up

	mu      sync.Mutex
	hosts   int // that process, and are not given up
	missing []error
	fail    context.CancelCauseFunc // ends the run
}

// ErrTooFewHosts says that fewer hosts came up than the run is to have.
var ErrTooFewHosts = errors.New("too few hosts")

// raiseAll brings all hosts to work, each as fast as it can, and those that come into the inventory later, until ctx
// ends. It ends the run with fail when too few come up.
func (c *Cluster) raiseAll(ctx context.Context, fail context.CancelCauseFunc) *crew {
	w := &crew{
		initializer: make(chan *remote, 1), failed: make(chan error, 1), settled: make(chan struct{}), fail: fail,
		hosts: len(c.Inventory.Processing()),
	}
	known := map[string]bool{}
	var first sync.WaitGroup
	raise := func(host inventory.Host) {
		if known[host.Name] {
			return
		}
		known[host.Name] = true
		w.group.Go(func() { c.raiseOne(ctx, host, w) })
	}
	for _, host := range append(c.Inventory.Processing(), c.Inventory.ByRole(inventory.MetricsHost)...) {
		known[host.Name] = true
		first.Add(1)
		w.group.Go(func() {
			defer first.Done()
			c.raiseOne(ctx, host, w)
		})
	}
	w.group.Go(func() {
		first.Wait()
		close(w.settled)
	})
	if c.Reread == nil {
		return w
	}
	w.group.Go(func() {
		tick := time.NewTicker(rereadEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			now, err := c.Reread()
			if err != nil {
				c.Log.Debug("reread inventory", "err", err) // it may be gone for a moment, or with the cluster
				continue
			}
			c.dismiss(now, known)
			for _, host := range now.ByRole(inventory.Worker) {
				if !known[host.Name] {
					c.Log.Info("host joins", "host", host.Name)
					w.mu.Lock()
					w.hosts++
					w.mu.Unlock()
				}
				raise(host)
			}
		}
	})
	return w
}

// dismiss lets go of the workers that are not in the inventory any more: nobody is to wait for hosts that were ended. One
// of the same name may come again.
func (c *Cluster) dismiss(now inventory.Inventory, known map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remotes = slices.DeleteFunc(c.remotes, func(r *remote) bool {
		if _, there := now.Host(r.host.Name); there || r.host.Role != inventory.Worker {
			return false
		}
		c.Log.Info("host left", "host", r.host.Name)
		c.lanes.End(r.host.Name)
		delete(known, r.host.Name)
		r.close()
		return true
	})
}

// raiseOne brings a host to work. Without a worker the run goes on; without its initializer there is none. Where another
// machine answers than the one that is pinned, whatever it is for, nothing goes on.
func (c *Cluster) raiseOne(ctx context.Context, host inventory.Host, w *crew) {
	r, err := c.raise(ctx, host)
	if err != nil && ctx.Err() == nil {
		c.lanes.Fall(host.Name, err.Error())
	}
	if errors.Is(err, ErrHostKey) {
		w.fail(&HostError{Host: host.Name, Err: err})
		return
	}
	switch {
	case (host.Role == inventory.Initializer || c.holdsReplica(host)) && err != nil:
		if c.Attach && errors.Is(err, ErrHostEnded) {
			err = fmt.Errorf("%w: %w", ErrInitializerGone, err)
		}
		select {
		case w.failed <- &HostError{Host: host.Name, Err: err}:
		default: // another host's failure ends the run
		}
	case host.Role == inventory.Initializer:
		w.initializer <- r
	case err == nil || ctx.Err() != nil:
	case host.Role == inventory.MetricsHost:
		c.Log.Warn("host is missing: nothing keeps it awake, and there is no page", "host", host.Name, "err", err)
	default:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hosts--
		w.missing = append(w.missing, &HostError{Host: host.Name, Err: err})
		if w.hosts < c.MinHosts {
			w.fail(fmt.Errorf("%w: %d are left, at least %d are needed: %w", ErrTooFewHosts, w.hosts, c.MinHosts, errors.Join(w.missing...)))
			return
		}
		c.Log.Warn("host is missing: the run goes on without it", "host", host.Name, "err", err)
	}
}

// wait waits until nobody is on the way any more.
func (w *crew) wait() { w.group.Wait() }
