package worker

import (
	"slices"
	"sync"
	"time"
)

// Kinds of incidents.
const (
	IncidentJoined    = "joined"     // a worker came
	IncidentLeft      = "left"       // a worker left before the run's end, as it was told to
	IncidentLost      = "lost"       // a worker went silent, or its process died
	IncidentBack      = "back"       // a lost worker was heard of again
	IncidentRetried   = "retried"    // a batch was handed out again
	IncidentHurried   = "hurried"    // some held batches for long while others were idle
	IncidentTakenOver = "taken over" // partitions went from one owner to others
	IncidentRestarted = "restarted"  // the initializer crashed, and was started again
	IncidentDropped   = "dropped"    // a part came for a range that was covered already
)

// Incident is something that happened in a run that is not the usual way of things.
type Incident struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Worker string    `json:"worker,omitempty"` // that it happened to, or that made good
	Reason string    `json:"reason,omitempty"`
	// Of a batch: its range.
	Input  int   `json:"input,omitempty"`
	Offset int64 `json:"offset,omitempty"`
	Length int64 `json:"length,omitempty"`
	// Of partitions: how many.
	Partitions int `json:"partitions,omitempty"`
}

// incidentsKept is how many incidents are kept, the last ones; all are counted.
const incidentsKept = 200

// incidents keeps what happened. Safe for concurrent use; the zero value is empty.
type incidents struct {
	mu    sync.Mutex
	last  []Incident
	count map[string]int64
}

// add keeps an incident, n of whose kind happened at once.
func (i *incidents) add(one Incident, n int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if one.At.IsZero() {
		one.At = time.Now()
	}
	if i.count == nil {
		i.count = map[string]int64{}
	}
	i.count[one.Kind] += n
	if len(i.last) == incidentsKept {
		i.last = slices.Delete(i.last, 0, 1)
	}
	i.last = append(i.last, one)
}

// all returns the last incidents in their order, and how many there were of a kind.
func (i *incidents) all() (last []Incident, count func(kind string) int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	counts := map[string]int64{}
	for kind, n := range i.count {
		counts[kind] = n
	}
	return slices.Clone(i.last), func(kind string) int64 { return counts[kind] }
}

// lostLately returns who was lost last, not longer ago than since.
func (i *incidents) lostLately(since time.Time) (worker string, at time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, one := range slices.Backward(i.last) {
		if one.Kind == IncidentLost && one.At.After(since) {
			return one.Worker, one.At
		}
	}
	return "", time.Time{}
}
