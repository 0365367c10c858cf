package orchestrator

import (
	"context"
	"fmt"
	"time"

	"flashmob/inventory"
	"flashmob/timeline"
)

// raise brings one host to work.
func (c *Cluster) raise(ctx context.Context, host inventory.Host) (*remote, error) {
	begun := time.Now()
	c.lanes.Begin(host.Name, "boot")
	connected, answered, err := c.connect(ctx, host, c.ConnectWait, "upload and start")
	if err != nil {
		return nil, err
	}
	c.lanes.Begin(host.Name, "connect")
	r, err := survey(ctx, connected)
	if err != nil {
		connected.close()
		return nil, err
	}
	c.mu.Lock()
	c.remotes = append(c.remotes, r)
	c.mu.Unlock()
	c.keeping.Go(func() { connected.keepAwake(ctx, r.beat) })
	if err := c.rekey(ctx, connected); err != nil {
		return nil, err
	}
	if c.Attach {
		c.atWork(r)
		return r, nil
	}
	if err := c.clear(ctx, r); err != nil {
		return nil, err
	}
	c.tookOf(host, "boot", begun, answered)
	c.tookOf(host, "connect", answered, time.Now())
	if err := c.equip(ctx, r); err != nil {
		return nil, err
	}
	c.atWork(r)
	return r, nil
}

// equip brings a host what it needs, and starts its processes.
func (c *Cluster) equip(ctx context.Context, r *remote) error {
	host, begun := r.host, time.Now()
	c.lanes.Begin(host.Name, "upload")
	said := c.watch(ctx, host, "upload", "setup and start")
	p, err := c.upload(ctx, r)
	said()
	if err != nil {
		return err
	}
	c.tookOf(host, "upload", begun, time.Now())
	if c.holdsReplica(host) {
		if err := c.startReplica(ctx, r, p); err != nil {
			return fmt.Errorf("start replica: %w", err)
		}
	}
	begun = time.Now()
	if host.Role != inventory.MetricsHost {
		c.lanes.Begin(host.Name, "setup")
		for _, command := range c.Setup {
			said := c.watch(ctx, host, fmt.Sprintf("setup %q", command), "start")
			_, err := r.run(ctx, fmt.Sprintf("cd %s || exit\n%s", quote(c.workFolder()), command), nil)
			said()
			if err != nil {
				return fmt.Errorf("setup %q: %w", command, err)
			}
		}
	}
	c.tookOf(host, "setup", begun, time.Now())
	begun = time.Now()
	c.lanes.Begin(host.Name, "start")
	if err := c.start(ctx, r, p); err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	c.tookOf(host, "start", begun, time.Now())
	return nil
}

// atWork notes that a host has come to work; the metrics host shows the run from now on.
func (c *Cluster) atWork(r *remote) {
	if r.host.Role != inventory.MetricsHost {
		c.lanes.Begin(r.host.Name, timeline.Work)
		return
	}
	c.lanes.Begin(r.host.Name, "dashboard")
	if c.Page != nil {
		c.Page(r.dialPage)
	}
}
