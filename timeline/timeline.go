// Package timeline keeps what happened when in a run: for every lane (the run itself, a host, a process) the stretches of
// time that it spent in a phase. The page shows them while the run goes on, the report afterwards.
package timeline

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// RunLane is the lane of the run's own phases.
const RunLane = "run"

// Names of phases that lanes go through.
const (
	Work = "work" // a host processes batches
	Lost = "lost" // a host has gone silent, or its process has died
)

// Span is a stretch of a lane's time.
type Span struct {
	Lane string    `json:"lane"`
	Name string    `json:"name"`
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`    // zero while it goes on
	Note string    `json:"note,omitempty"` // what it waits for, or how it ended
}

// Timeline is the spans of a run. The zero value is empty; all methods may be called concurrently.
type Timeline struct {
	mu    sync.Mutex
	spans []Span
}

// Begin begins a phase of a lane, and ends the one that the lane is in.
func (t *Timeline) Begin(lane, name string) { t.at(time.Now(), lane, name, "") }

// at begins a phase at a time.
func (t *Timeline) at(now time.Time, lane, name, note string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if open := t.open(lane); open != nil {
		open.To = now
	}
	t.spans = append(t.spans, Span{Lane: lane, Name: name, From: now, Note: note})
}

// open returns the span that a lane is in, or nil. The caller holds the lock.
func (t *Timeline) open(lane string) *Span {
	for i := len(t.spans) - 1; i >= 0; i-- {
		if t.spans[i].Lane == lane {
			if t.spans[i].To.IsZero() {
				return &t.spans[i]
			}
			return nil
		}
	}
	return nil
}

// Fall begins the phase Lost of a lane, with the reason. A lane that is lost already stays as it is.
func (t *Timeline) Fall(lane, why string) {
	t.mu.Lock()
	open := t.open(lane)
	fallen := open != nil && open.Name == Lost
	t.mu.Unlock()
	if !fallen {
		t.at(time.Now(), lane, Lost, why)
	}
}

// Note says what the phase that a lane is in waits for, or how it goes; it replaces what was said before.
func (t *Timeline) Note(lane, note string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if open := t.open(lane); open != nil {
		open.Note = note
	}
}

// End ends the phase that a lane is in, if it is in one.
func (t *Timeline) End(lane string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if open := t.open(lane); open != nil {
		open.To = time.Now()
	}
}

// EndAll ends the phases of all lanes.
func (t *Timeline) EndAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for i := range t.spans {
		if t.spans[i].To.IsZero() {
			t.spans[i].To = now
		}
	}
}

// Spans returns the spans so far, in the order in which they began.
func (t *Timeline) Spans() []Span {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.spans)
}

// Lanes returns the lanes of spans: the run's own first, the others in the order of their names.
func Lanes(spans []Span) []string {
	var lanes []string
	for _, s := range spans {
		if !slices.Contains(lanes, s.Lane) {
			lanes = append(lanes, s.Lane)
		}
	}
	slices.SortFunc(lanes, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == RunLane:
			return -1
		case b == RunLane:
			return 1
		}
		return Compare(a, b)
	})
	return lanes
}

// Compare orders names as people count: workers-9 before workers-10.
func Compare(a, b string) int {
	if trim := func(s string) string { return strings.TrimRight(s, "0123456789") }; trim(a) == trim(b) && len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
