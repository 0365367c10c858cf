package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"flashmob/input"
	"flashmob/inventory"
	"flashmob/timeline"
	"flashmob/worker"
)

// Where the log has replicas, the first hosts that process hold one each, in a process of its own beside the worker's. It is
// started before the host's setup, so that the first election goes on meanwhile; and the one whose replica leads is the run's
// initializer. The operator follows whichever that is.

// peersBehind is how far the port at which replicas reach each other is behind the log's.
const peersBehind = 2000

// layOut says where the replicas of the log are to be; nowhere where there is one log.
func layOut(config ClusterConfig) (replicas []worker.Replica, err error) {
	if config.Replicas < 2 {
		return nil, nil
	}
	var held []net.Listener // until all have their ports
	defer func() {
		for _, l := range held {
			err = errors.Join(err, l.Close())
		}
	}()
	for _, host := range config.Inventory.Processing()[:config.Replicas] {
		inside := host.Inside()
		r := worker.Replica{
			Name: host.Name, Clients: net.JoinHostPort(inside, strconv.Itoa(config.Port)), Peers: net.JoinHostPort(inside, strconv.Itoa(config.Port+peersBehind)),
		}
		if host.IsLocal() { // others have the same address
			for _, address := range []*string{&r.Clients, &r.Peers} {
				l, err := net.Listen("tcp", net.JoinHostPort(inside, "0"))
				if err != nil {
					return nil, fmt.Errorf("port for the log: %w", err)
				}
				held, *address = append(held, l), l.Addr().String()
			}
		}
		replicas = append(replicas, r)
	}
	return replicas, nil
}

// logURL is where the log is reached, in all places.
func (c *Cluster) logURL() string {
	var urls []string
	for _, r := range c.replicas {
		urls = append(urls, "tls://"+r.Clients)
	}
	if urls == nil {
		initializer, _ := c.Inventory.Initializer()
		return "tls://" + net.JoinHostPort(initializer.Inside(), strconv.Itoa(c.Port))
	}
	return strings.Join(urls, ",")
}

// holdsReplica reports whether a host is to hold a replica of the log.
func (c *Cluster) holdsReplica(host inventory.Host) bool {
	if c.Attach { // what is known of them is what was found
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.standing[host.Name]
	}
	return slices.ContainsFunc(c.replicas, func(r worker.Replica) bool { return r.Name == host.Name })
}

// replicaOf is the name of the process that holds a host's replica.
func replicaOf(host inventory.Host) string { return host.Name + ".replica" }

// initializes returns the name of a host's process that is the run's initializer, or may become it.
func (c *Cluster) initializes(host inventory.Host) string {
	if c.holdsReplica(host) {
		return replicaOf(host)
	}
	return host.Name
}

// startReplica starts the process that holds a host's replica.
func (c *Cluster) startReplica(ctx context.Context, r *remote, p parcel) error {
	err := c.launch(ctx, r, p, replicaOf(r.host), worker.Invitation{
		Name: r.host.Name, Token: c.token, Free: true, Guarded: true, Env: c.Env, Access: input.Access(c.Identity.Inputs), Operator: c.leash(),
		Appointment: &worker.Appointment{
			Run: c.folder.Run, Folder: path.Join(r.home, c.runFolder(), resultsFolder), Socket: c.socket(r), Identity: c.identity,
			BatchRows: c.BatchRows, Patience: patienceAfter, By: c.By, Done: c.done, Sync: c.Sync, AckWait: c.AckWait, SnapshotEvery: c.SnapshotEvery,
			Hosts: len(c.Inventory.Processing()), Replicas: c.replicas, Log: path.Join(r.home, c.runFolder(), "log"),
		},
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.standing[r.host.Name] = true
	return nil
}

// workReplicated is work where the log has replicas.
func (c *Cluster) workReplicated(ctx context.Context, w *crew) error {
	defer c.tookFeedAndGather(time.Now())
	c.lanes.Begin(timeline.RunLane, "feed")
	ctx, enough := context.WithCancel(ctx)
	var tending sync.WaitGroup
	defer tending.Wait()
	defer enough()
	for first := true; ; first = false {
		r, err := c.leader(ctx, w, first)
		if err != nil {
			return err
		}
		if first {
			tending.Go(func() { c.tend(ctx) })
		}
		c.setLed(r.host.Name, first)
		err = c.sitWhileItAnswers(ctx, r, w)
		if !errors.Is(err, ErrCutOff) && !errors.Is(err, ErrWorkerDied) || ctx.Err() != nil {
			return err
		}
		c.Log.Debug("cut off from the run's initializer: looking for the one that takes its place", "host", r.host.Name, "err", err)
	}
}

// sitWhileItAnswers follows the run over one connection, unless that host says nothing any more, and another says that it is the
// run's initializer: it is cut off, or was stopped.
func (c *Cluster) sitWhileItAnswers(ctx context.Context, r *remote, w *crew) error {
	ctx, cut := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cut(nil)
	watching.Go(func() {
		tick := time.NewTicker(tendEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if _, _, err := c.askReplica(ctx, r); err != nil && c.anotherLeads(ctx, r) {
				cut(fmt.Errorf("%w: %s says nothing: %w", ErrCutOff, r.host.Name, err))
				return
			}
		}
	})
	err := c.sit(ctx, r, w)
	if cause := context.Cause(ctx); errors.Is(cause, ErrCutOff) {
		return cause
	}
	return err
}

// anotherLeads reports whether another host says that it is the run's initializer.
func (c *Cluster) anotherLeads(ctx context.Context, than *remote) bool {
	return slices.ContainsFunc(c.candidates(), func(r *remote) bool {
		if r.host.Name == than.host.Name {
			return false
		}
		_, leads, err := c.askReplica(ctx, r)
		return err == nil && leads
	})
}

// setLed notes which host is the run's initializer, and says so when it was another.
func (c *Cluster) setLed(host string, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.led; !first && host != before {
		c.Log.Warn("another host is the run's initializer now", "host", host, "before", before)
	}
	c.led = host
}

// gathers reports whether a host has the run's results.
func (c *Cluster) gathers(host inventory.Host) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.led == "" {
		return host.Role == inventory.Initializer
	}
	return host.Name == c.led
}

// candidates returns the hosts that hold replicas, as far as those were started.
func (c *Cluster) candidates() (remotes []*remote) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.remotes {
		if c.standing[r.host.Name] {
			remotes = append(remotes, r)
		}
	}
	return remotes
}

// deathsMost is how often a replica may end before there is a first initializer.
const deathsMost = 3

// leader waits until a host says that it is the run's initializer. Before any ever was, a replica that ends again and again, or
// does not come up, is an error: the log begins with all of them.
func (c *Cluster) leader(ctx context.Context, w *crew, first bool) (*remote, error) {
	begun, report, deaths := time.Now(), connectReport, map[string]int{}
	for {
		best := worker.Quorum{Of: len(c.replicas), Missing: begun}
		candidates := c.candidates()
		for _, r := range candidates {
			switch q, leads, err := c.askReplica(ctx, r); {
			case leads:
				return r, nil
			case err == nil && q.Answer > best.Answer:
				best = q
			case err != nil && first && !c.Attach:
				died := c.died(ctx, r)
				if !errors.Is(died, ErrWorkerDied) || ctx.Err() != nil {
					break
				}
				if deaths[r.host.Name]++; deaths[r.host.Name] < deathsMost { // it may have been killed
					died = c.revive(ctx, r, died)
				}
				if died != nil {
					return nil, &HostError{Host: r.host.Name, Err: died}
				}
			}
		}
		if waited := time.Since(begun); waited > report && len(candidates) >= len(c.replicas) { // else it is the hosts that are waited for
			report *= 2
			c.Log.Info("the run waits "+best.Waits(), "waited", waited.Round(time.Second))
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case err := <-w.failed:
			if !c.Attach {
				return nil, err
			}
		case <-time.After(pollEvery):
		}
	}
}

// askReplica asks the process that holds a host's replica whether it is the run's initializer, and else how many replicas answer.
func (c *Cluster) askReplica(ctx context.Context, r *remote) (q worker.Quorum, leads bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, stillWait)
	defer cancel()
	l := c.call(r)
	defer l.http.CloseIdleConnections()
	answer, err := l.ask(ctx, http.MethodGet, "/status", nil)
	if err != nil {
		return q, false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return q, true, nil
	}
	return q, false, json.NewDecoder(answer.Body).Decode(&q)
}

// tendEvery is how often the hosts with replicas are looked after.
const tendEvery = 2 * time.Second

// tend brings hosts with replicas back to work whose processes are gone, and connects again to those that are cut off, until
// ctx ends. A host that has come back with nothing on its disk begins from there: its replica gets all of the log.
func (c *Cluster) tend(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for _, host := range c.Inventory.Processing() {
		if !c.holdsReplica(host) {
			continue
		}
		group.Go(func() {
			tick := time.NewTicker(tendEvery)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := c.tendOne(ctx, host); err != nil && ctx.Err() == nil {
					c.Log.Debug("host with a replica is not back", "host", host.Name, "err", err)
				}
			}
		})
	}
}

// tendOne looks after one host.
func (c *Cluster) tendOne(ctx context.Context, host inventory.Host) error {
	r := c.remoteOf(host)
	if r == nil {
		return nil // it is not in the inventory any more
	}
	looking, cancel := context.WithTimeout(ctx, stillWait)
	err := c.died(looking, r)
	cancel()
	if err == nil || ctx.Err() != nil {
		return nil
	}
	if !errors.Is(err, ErrWorkerDied) {
		connected, _, err := c.connect(ctx, host, tendEvery, "its replica is looked after")
		if err != nil {
			return err
		}
		again := *r
		again.conn = connected
		if !c.replace(r, &again) {
			return connected.close()
		}
		c.keeping.Go(func() { connected.keepAwake(ctx, again.beat) })
		r.close()
		return nil // what it does shows at the next look
	}
	if c.Attach {
		return err // only who began the run can say what it needs
	}
	return c.revive(ctx, r, err)
}

// remoteOf returns a host's connection, nil where it has none.
func (c *Cluster) remoteOf(host inventory.Host) *remote {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := slices.IndexFunc(c.remotes, func(r *remote) bool { return r.host.Name == host.Name }); at >= 0 {
		return c.remotes[at]
	}
	return nil
}

// replace puts a new connection in the place of an old one, unless that host was let go meanwhile.
func (c *Cluster) replace(old, by *remote) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.Index(c.remotes, old)
	if at >= 0 {
		c.remotes[at] = by
	}
	return at >= 0
}

// revive starts a host's processes that have died.
func (c *Cluster) revive(ctx context.Context, r *remote, died error) error {
	c.Log.Warn("replica of the log is gone: starting it again on its host", "host", r.host.Name, "err", died)
	c.lanes.Fall(r.host.Name, "its replica of the log is gone")
	if err := c.equip(ctx, r); err != nil {
		return err
	}
	c.atWork(r)
	return nil
}
