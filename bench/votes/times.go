package main

import (
	"slices"
	"time"
)

// times is when votes were due and when their lines came, counted from the beginning.
type times struct {
	begun     time.Time
	due, came []time.Duration // by vote
}

func newTimes(votes int) *times {
	return &times{begun: time.Now(), due: make([]time.Duration, votes), came: make([]time.Duration, votes)}
}

func (t *times) now() time.Duration { return time.Since(t.begun) }

// sample is what came of one run.
type sample struct {
	PerSecond float64       `json:"per_second"` // from the first vote's due time to the last line
	P50       time.Duration `json:"p50_ns"`     // of the times between a vote and its line
	P99       time.Duration `json:"p99_ns"`
	P999      time.Duration `json:"p99_9_ns"`
	Most      time.Duration `json:"max_ns"`
	CPU       time.Duration `json:"cpu_ns"` // of flashmob and its worker processes
}

// sample sums up the times of a run that is over.
func (t *times) sample() (s sample) {
	waits := make([]time.Duration, len(t.due))
	for i := range waits {
		waits[i] = t.came[i] - t.due[i]
	}
	s.PerSecond = float64(len(waits)) / (t.came[len(t.came)-1] - t.due[0]).Seconds()
	slices.Sort(waits)
	s.P50, s.P99, s.P999, s.Most = quantile(waits, 0.5), quantile(waits, 0.99), quantile(waits, 0.999), waits[len(waits)-1]
	return s
}

// quantile returns the time that a share of the sorted times does not exceed.
func quantile(sorted []time.Duration, share float64) time.Duration {
	return sorted[min(int(float64(len(sorted))*share), len(sorted)-1)].Round(10 * time.Microsecond)
}
