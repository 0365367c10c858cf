package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// silence is how long a worker may go without a sign of life before it counts as lost. Its batches are handed on
// earlier than that, by the log's own clock.
const silence = 3 * time.Second

// crew keeps track of the workers of a run. Safe for concurrent use.
type crew struct {
	mu      sync.Mutex
	members map[string]*member
	over    bool // the run is: that workers leave is no news
	events  *incidents
	more    func()        // called when there are more slots than before
	beat    chan struct{} // closed and replaced when somebody is heard of; nil while nobody asks
}

type member struct {
	WorkerState
	heard time.Time
	pace  pace // of the batches that it has done
	parts bool // it is about to leave, and waits for others to take over what it owns
	freed bool // it left because the run is over: nothing is lost
}

// watch listens for signs of life until ctx ends.
func (c *crew) watch(ctx context.Context, nc *nats.Conn, log *slog.Logger) error {
	beats := make(chan *nats.Msg, 256)
	listening, err := nc.ChanSubscribe(beatSubject, beats)
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", beatSubject, err)
	}
	defer listening.Unsubscribe()
	tick := time.NewTicker(silence / 6)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case msg := <-beats:
			var b Beat
			if err := json.Unmarshal(msg.Data, &b); err != nil {
				return fmt.Errorf("beat: %w", err)
			}
			if c.hear(b, log) {
				c.more()
			}
		case now := <-tick.C:
			c.miss(now, log)
		}
	}
}

// of returns the member of that name. The caller holds the lock.
func (c *crew) of(name string) *member {
	if c.members == nil {
		c.members = map[string]*member{}
	}
	m := c.members[name]
	if m == nil {
		m = &member{WorkerState: WorkerState{Name: name}, heard: time.Now()}
		c.members[name] = m
	}
	return m
}

// dismissed notes that the workers are being told to leave.
func (c *crew) dismissed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

// hear takes in a sign of life, and reports whether there are more slots now.
func (c *crew) hear(b Beat, log *slog.Logger) (more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.of(b.Worker)
	more = !b.Leaves && (m.Lost || b.Slots > m.Slots)
	switch {
	case b.Leaves && !c.over:
		log.Info("worker left", "worker", b.Worker)
		c.events.add(Incident{Kind: IncidentLeft, Worker: b.Worker, Reason: "it was drained, or its part of the run was stopped"}, 1)
	case b.Leaves:
	case m.Lost:
		log.Info("worker is back", "worker", b.Worker)
		c.events.add(Incident{Kind: IncidentBack, Worker: b.Worker}, 1)
	case m.Slots == 0:
		log.Debug("worker joined", "worker", b.Worker, "slots", b.Slots)
		c.events.add(Incident{Kind: IncidentJoined, Worker: b.Worker}, 1)
	}
	if m.Joined.IsZero() {
		m.Joined = time.Now()
	}
	m.parts = b.Parts || m.parts && !m.Lost // one that is back is another of the same name
	m.Slots, m.Lost, m.heard = b.Slots, b.Leaves, time.Now()
	m.freed = b.Leaves && c.over
	m.Busy, m.Program = b.Busy, b.Program
	if c.beat != nil {
		close(c.beat)
		c.beat = nil
	}
	return more
}

// aliveWait is how long a worker may take to give the next sign of life: one that was killed or stopped a moment ago counts as
// present for longer.
const aliveWait = 4 * beatEvery

// alive waits for a sign of life of one of the workers after a moment, and reports whether one came in time.
func (c *crew) alive(after time.Time, names []string) bool {
	late := time.NewTimer(aliveWait)
	defer late.Stop()
	for {
		c.mu.Lock()
		for _, name := range names {
			if m := c.members[name]; m != nil && !m.Lost && m.heard.After(after) {
				c.mu.Unlock()
				return true
			}
		}
		if c.beat == nil {
			c.beat = make(chan struct{})
		}
		beat := c.beat
		c.mu.Unlock()
		select {
		case <-beat:
		case <-late.C:
			return false
		}
	}
}

// miss finds out who has not been heard of for too long.
func (c *crew) miss(now time.Time, log *slog.Logger) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		if m.Slots > 0 && !m.Lost && now.Sub(m.heard) > silence {
			m.Lost = true
			silent := now.Sub(m.heard).Round(100 * time.Millisecond)
			log.Warn("worker lost: its batches go to the others", "worker", m.Name, "silent", silent)
			c.events.add(Incident{Kind: IncidentLost, Worker: m.Name, Reason: fmt.Sprintf("no sign of life for %v", silent)}, 1)
		}
	}
}

// Lose marks a worker as lost before its silence tells.
func (in *Initializer) Lose(name string) {
	in.crew.mu.Lock()
	defer in.crew.mu.Unlock()
	if m := in.crew.of(name); !m.Lost {
		m.Lost = true
		in.events.add(Incident{Kind: IncidentLost, Worker: name, Reason: "its process ended"}, 1)
	}
}

// Left reports whether a worker has left by itself, with nothing undone.
func (in *Initializer) Left(name string) bool { return in.crew.left(name) }

// Done returns how many batches a worker has done, all processes of its name together.
func (in *Initializer) Done(name string) int64 {
	in.crew.mu.Lock()
	defer in.crew.mu.Unlock()
	if m := in.crew.members[name]; m != nil {
		return m.Parts
	}
	return 0
}

// credit counts a part for the worker that made it.
func (c *crew) credit(part Part, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.of(part.Worker)
	if part.Batch.typical() {
		m.pace.observe(part.Took + part.Start)
	}
	if first {
		m.Parts++
		m.Records += part.Tally.In
	}
}

// slots returns how many slots are at work.
func (c *crew) slots() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, m := range c.members {
		if !m.Lost {
			n += m.Slots
		}
	}
	return n
}

// present returns the names of the workers that are there, in order, and of those among them that are to stay.
func (c *crew) present() (there, stay []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, m := range c.members {
		if m.Slots > 0 && !m.Lost {
			there = append(there, name)
			if !m.parts {
				stay = append(stay, name)
			}
		}
	}
	slices.Sort(there)
	slices.Sort(stay)
	return there, stay
}

// part notes that workers are about to leave, before they say so themselves.
func (c *crew) part(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		c.of(name).parts = true
	}
}

// left reports whether a worker has said that it leaves.
func (c *crew) left(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.members[name]
	return m != nil && m.parts && m.Lost
}

func (c *crew) states() []WorkerState {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make([]WorkerState, 0, len(c.members))
	for _, m := range c.members {
		state := m.WorkerState
		state.Heard, state.Lost = m.heard, m.Lost && !m.freed
		states = append(states, state)
	}
	return states
}
