package orchestrator

import (
	"context"
	"slices"
	"time"

	"flashmob/worker"
)

// findReplicas finds out, of a run that is attached to, whether its log has replicas, and on which hosts those may be. It
// returns the initializer's host once it is known that the log is that one's alone. Where that host is gone, others may tell.
func (c *Cluster) findReplicas(ctx context.Context, w *crew) (found bool, initializer *remote, err error) {
	asked := map[*remote]bool{}
	for {
		if c.lookForReplicas(ctx, asked) {
			return true, nil, nil
		}
		select {
		case r := <-w.initializer:
			return c.lookForReplicas(ctx, asked), r, nil
		case err := <-w.failed:
			select {
			case <-w.settled:
			case <-ctx.Done():
			}
			return c.lookForReplicas(ctx, asked), nil, err
		case <-ctx.Done():
			return false, nil, context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}

// lookForReplicas looks on the hosts that are connected, and were not asked yet, for a process that holds a replica.
func (c *Cluster) lookForReplicas(ctx context.Context, asked map[*remote]bool) bool {
	c.mu.Lock()
	remotes := slices.Clone(c.remotes)
	c.mu.Unlock()
	for _, r := range remotes {
		if asked[r] {
			continue
		}
		asked[r] = true
		_, pid := c.files(replicaOf(r.host))
		if _, missing := r.run(ctx, "[ -e "+quote(pid)+" ]", nil); missing != nil {
			continue
		}
		hosts := c.Inventory.Processing()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, host := range hosts[:min(len(hosts), worker.MostReplicas)] {
			c.standing[host.Name] = true
		}
		return true
	}
	return false
}
