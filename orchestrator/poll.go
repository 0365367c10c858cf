package orchestrator

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"flashmob/timeline"
	"flashmob/worker"
)

// poll keeps the status fresh.
func (c *Cluster) poll(ctx context.Context, l line) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		c.look(ctx, l)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// statusOf asks for the status; false where there is no answer.
func statusOf(ctx context.Context, l line) (s worker.Status, ok bool) {
	answer, err := l.ask(ctx, http.MethodGet, "/status", nil)
	if err != nil {
		return s, false
	}
	defer answer.Body.Close()
	return s, json.NewDecoder(answer.Body).Decode(&s) == nil
}

// look asks for the status, and tells what is new in it. Where there is no answer, the next look tells.
func (c *Cluster) look(ctx context.Context, l line) {
	s, ok := statusOf(ctx, l)
	if !ok {
		return
	}
	c.tellRestart(s)
	c.tellLost(s)
	c.tellFailure(s)
	if s.Fed {
		c.fedOnce.Do(func() {
			c.mu.Lock()
			c.fedAt = time.Now()
			c.mu.Unlock()
			c.lanes.Begin(timeline.RunLane, "gather")
			close(c.fed)
		})
	}
	c.status.Store(&s)
	c.heard.Store(int64(time.Since(c.opened)))
}

// tellRestart reports that the initializer has crashed since the last look.
func (c *Cluster) tellRestart(now worker.Status) {
	before := 0
	if last := c.status.Load(); last != nil {
		before = last.Restarts
	}
	if last := c.status.Load(); last != nil && now.Term > last.Term {
		c.Log.Warn("another host is the run's initializer now: the run goes on where it was", "host", now.Host, "was", last.Host)
	}
	if now.Restarts > before {
		c.Log.Warn("initializer crashed and was started again: the run goes on where it was", "ago", time.Since(now.Crashed).Round(100*time.Millisecond),
			"restarts", now.Restarts)
	}
}

// tellLost reports workers that were there at the last look, and are gone now, though there is work left.
func (c *Cluster) tellLost(now worker.Status) {
	before := c.status.Load()
	if before == nil || now.Total > 0 && now.Covered >= now.Total {
		return
	}
	lost := map[string]bool{}
	for _, w := range before.Workers {
		lost[w.Name] = w.Lost
	}
	for _, w := range now.Workers {
		was, known := lost[w.Name]
		if known && was && !w.Lost {
			c.lanes.Begin(w.Name, timeline.Work)
		}
		if known && w.Lost && !was {
			c.lanes.Fall(w.Name, "nothing more is heard of it")
			c.Log.Warn("worker gone: what it had goes to the others", "host", w.Name)
		}
	}
}

// tellFailure reports the first batch that a program has failed on, once.
func (c *Cluster) tellFailure(now worker.Status) {
	if before := c.status.Load(); now.Failure != nil && (before == nil || before.Failure == nil) {
		c.Log.Warn("a batch failed: looking for the record that it fails on", "host", now.Failure.Worker, "reason", now.Failure.Reason)
	}
}
