package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"flashmob/latency"
)

// meters count what a worker does. Safe for concurrent use: a batch is counted once a stage, so a lock costs nothing.
type meters struct {
	mu     sync.Mutex
	since  time.Time
	slots  []Counts
	stages map[string]*StageMetrics
}

// mute is set by the linker in programs that bench/overhead builds, to any text: those count nothing and say nothing of what
// they do, so that what metrics cost can be measured.
var mute string

func newMeters(slots int, now time.Time) *meters {
	return &meters{since: now, slots: make([]Counts, slots), stages: map[string]*StageMetrics{}}
}

// add counts something that went through a stage.
func (m *meters) add(stage string, c Counts) {
	if mute != "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stages[stage]
	if s == nil {
		s = &StageMetrics{Name: stage, Latency: latency.New()}
		m.stages[stage] = s
	}
	s.Counts.Add(c)
	s.Latency.Observe(c.Busy)
}

// processed counts a batch for a slot, and for the stages that are behind it.
func (m *meters) processed(slot int, c claim, made product, waited, took time.Duration) {
	if mute != "" {
		return
	}
	counts := Counts{
		Batches: 1, Records: made.part.Tally.In, Bytes: made.read, Results: int64(len(made.body)), Rejected: made.part.Tally.Rejected,
		Busy: took,
	}
	if c.handed > 1 {
		counts.Again = 1
	}
	m.mu.Lock()
	m.slots[slot].Add(counts)
	m.mu.Unlock()
	m.add(StageProcess, counts)
	counts.Busy = waited
	m.add(StageWait, counts)
}

// read returns what has been counted, ready to be sent.
func (m *meters) read(worker string, busy int, now time.Time) (Metrics, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	said := Metrics{Worker: worker, Since: m.since, At: now, Busy: busy, Slots: append([]Counts{}, m.slots...), Host: ThisMachine()}
	for _, name := range Stages {
		if s := m.stages[name]; s != nil {
			stage := *s
			if err := stage.pack(); err != nil {
				return said, err
			}
			said.Stages = append(said.Stages, stage)
		}
	}
	return said, nil
}

// meter says what the worker has done, every second until ctx ends.
func (w *worker) meter(ctx context.Context) error {
	tick := time.NewTicker(metricsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := w.sendMetrics(); err != nil {
			return err
		}
	}
}

func (w *worker) sendMetrics() error {
	if mute != "" {
		return nil
	}
	said, err := w.meters.read(w.Name, int(w.busy.Load()), time.Now())
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	text, err := json.Marshal(said)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	_ = w.nc.Publish(metricsSubject, text) // one that is lost is followed by the next
	return nil
}
