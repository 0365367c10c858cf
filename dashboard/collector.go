package dashboard

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"flashmob/latency"
	"flashmob/manifest"
	"flashmob/timeline"
	"flashmob/worker"
)

// every is how often a Collector makes a View, and its rates have a value.
const every = time.Second

// fresh is how old what was said last may be until whoever said it counts as silent.
const fresh = 2500 * time.Millisecond

// Told is what an operator tells of a run, beside what the run knows itself.
type Told struct {
	Cluster *Cluster        `json:"cluster,omitempty"`
	Spans   []timeline.Span `json:"timeline,omitempty"` // by the operator's clock
}

// Collector takes in what is said of a run and makes Views of it. It is a worker.Watcher; all its methods may be called
// concurrently. Make it with NewCollector.
type Collector struct {
	tell func() Told // nil where the operator tells through the initializer
	self string      // the host that it runs on, where that does no other work
	now  func() time.Time
	view atomic.Pointer[View]

	mu       sync.Mutex
	run      manifest.Run
	workers  map[string]*workerLog
	bulletin *worker.Bulletin
	read     time.Time // when it came
	meter    Meter
	progress Progress
	rates    rates // of the whole run
	traces   traces
	told     Told
	toldText string
	toldAt   time.Time // when it was last something new
	stages   map[string]*rates
}

// workerLog is what is remembered of one worker.
type workerLog struct {
	last   worker.Metrics
	heard  time.Time
	rates  rates
	rate   map[string]rate // by stage, of the last second
	slots  []worker.Counts // those of its former lives, and so on
	stages map[string]*worker.StageMetrics
}

// rate is how fast something went.
type rate struct{ rows, bytes float64 }

// rates are rates of the last five minutes.
type rates struct{ rows, bytes, out, busy ring }

// NewCollector returns a Collector that has heard of nothing. tell says what the operator knows, where the Collector is in
// the operator's process; else it is nil. self is the name of the host that it runs on, where no worker does; else empty.
func NewCollector(tell func() Told, self string) *Collector {
	c := &Collector{tell: tell, self: self, now: time.Now, workers: map[string]*workerLog{}, stages: map[string]*rates{}}
	c.view.Store(&View{At: c.now(), Hosts: []Host{}})
	return c
}

// Run makes a View every second until ctx ends, and a last one then.
func (c *Collector) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			c.Tick(c.now())
			return nil
		case now := <-tick.C:
			c.Tick(now)
		}
	}
}

// View returns the newest view. It is not to be changed.
func (c *Collector) View() *View { return c.view.Load() }

// Watches takes in what the run is.
func (c *Collector) Watches(run manifest.Run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run = run
}

// Hears takes in what a worker says of itself.
func (c *Collector) Hears(m worker.Metrics) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.workers[m.Worker]
	if w == nil {
		w = &workerLog{rate: map[string]rate{}, stages: map[string]*worker.StageMetrics{}}
		c.workers[m.Worker] = w
	}
	if !m.Since.Equal(w.last.Since) { // it is another process: what the one before did stays done
		w.bury()
	} else if !m.At.After(w.last.At) {
		return // an older message that came late
	}
	span := m.At.Sub(w.last.At).Seconds()
	if w.last.At.IsZero() {
		span = m.At.Sub(m.Since).Seconds()
	}
	for _, s := range m.Stages {
		before := worker.Counts{}
		if i := slices.IndexFunc(w.last.Stages, func(o worker.StageMetrics) bool { return o.Name == s.Name }); i >= 0 {
			before = w.last.Stages[i].Counts
		}
		if span > 0 {
			w.rate[s.Name] = rate{float64(s.Records-before.Records) / span, float64(s.Bytes-before.Bytes) / span}
		}
	}
	w.last, w.heard = m, c.now()
}

// bury keeps what the worker's last process has done, for the next counts anew.
func (w *workerLog) bury() {
	for i, slot := range w.last.Slots {
		if i == len(w.slots) {
			w.slots = append(w.slots, worker.Counts{})
		}
		w.slots[i].Add(slot)
	}
	for _, s := range w.last.Stages {
		all := w.stages[s.Name]
		if all == nil {
			all = &worker.StageMetrics{Name: s.Name, Latency: latency.New()}
			w.stages[s.Name] = all
		}
		all.Add(s.Counts)
		all.Latency.Add(s.Latency)
	}
	w.last = worker.Metrics{}
}

// total returns what all processes of the worker have done in a stage; nil where nothing.
func (w *workerLog) total(stage string) *worker.StageMetrics {
	before := w.stages[stage]
	i := slices.IndexFunc(w.last.Stages, func(s worker.StageMetrics) bool { return s.Name == stage })
	if i < 0 {
		return before
	}
	if before == nil {
		return &w.last.Stages[i]
	}
	sum := &worker.StageMetrics{Name: stage, Counts: before.Counts, Latency: latency.New()}
	sum.Add(w.last.Stages[i].Counts)
	sum.Latency.Add(before.Latency, w.last.Stages[i].Latency)
	return sum
}

// Reads takes in what the initializer says of the run.
func (c *Collector) Reads(b worker.Bulletin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bulletin, c.read = &b, c.now()
	c.progress = c.meter.Read(b.Status, b.At)
	if len(b.Told) > 0 && string(b.Told) != c.toldText {
		var told Told
		if json.Unmarshal(b.Told, &told) == nil { // another version's operator: then nothing is known of what it tells
			c.told, c.toldText, c.toldAt = told, string(b.Told), c.now()
		}
	}
}

// Tick takes the rates of the second before now and makes a View.
func (c *Collector) Tick(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tell != nil {
		c.told, c.toldAt = c.tell(), now
	}
	c.sample(now)
	c.view.Store(c.look(now))
}

// sample takes the rates. A worker that is silent does nothing, as far as anybody can tell.
func (c *Collector) sample(now time.Time) {
	if c.bulletin == nil {
		return
	}
	sums := map[string]rate{}
	busy := 0
	for _, w := range c.workers {
		alive := now.Sub(w.heard) <= fresh
		for stage, r := range w.rate {
			if !alive {
				r = rate{}
			}
			sum := sums[stage]
			sums[stage] = rate{sum.rows + r.rows, sum.bytes + r.bytes}
		}
		own := w.rate[worker.StageProcess]
		if !alive {
			own = rate{}
		} else {
			busy += w.last.Busy
		}
		w.rates.rows.push(own.rows)
		w.rates.bytes.push(own.bytes)
	}
	for stage, r := range sums {
		if c.stages[stage] == nil {
			c.stages[stage] = new(rates)
		}
		c.stages[stage].rows.push(r.rows)
		c.stages[stage].bytes.push(r.bytes)
	}
	whole := rate{c.progress.RowsPerS, c.progress.BytesPerS}
	if c.bulletin.Status.Rows { // generated rows have bytes only where they are made
		whole.bytes = sums[worker.StageProcess].bytes
	}
	out := c.bulletin.Status.Out
	if now.Sub(c.read) > fresh || c.bulletin.Over != nil {
		whole = rate{}
	}
	if c.bulletin.Over == nil {
		c.traces.rows.push(whole.rows)
		c.traces.bytes.push(whole.bytes)
		c.traces.out.push(float64(out))
		c.traces.busy.push(float64(busy))
	}
	c.rates.rows.push(whole.rows)
	c.rates.bytes.push(whole.bytes)
	c.rates.out.push(float64(out))
	c.rates.busy.push(float64(busy))
}
