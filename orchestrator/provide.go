package orchestrator

import (
	"context"
	"errors"
	"sync"
)

// Provide brings the worker's binary to all hosts ahead of the first run, which then need not wait for it. It returns an
// error for every host that did not get it, in the inventory's order; a run brings those what they lack.
func (c *Cluster) Provide(ctx context.Context) error {
	defer c.disconnect()
	errs := make([]error, len(c.Inventory.Hosts))
	var group sync.WaitGroup
	for i, host := range c.Inventory.Hosts {
		group.Go(func() {
			connected, _, err := c.connect(ctx, host, c.ConnectWait, "upload")
			if err == nil {
				err = c.provide(ctx, connected)
			}
			if err != nil {
				errs[i] = &HostError{Host: host.Name, Err: err}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// provide brings the worker's binary to one host.
func (c *Cluster) provide(ctx context.Context, connected *conn) error {
	r, err := survey(ctx, connected)
	if err != nil {
		connected.close()
		return err
	}
	c.mu.Lock()
	c.remotes = append(c.remotes, r)
	c.mu.Unlock()
	if err := c.rekey(ctx, connected); err != nil {
		return err
	}
	program, err := c.parcels.of(r.arch)
	if err != nil {
		return err
	}
	defer c.watch(ctx, r.host, "upload", "the host is ready")()
	return c.deliver(ctx, r, program, program)
}
