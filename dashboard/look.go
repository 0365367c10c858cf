package dashboard

import (
	"cmp"
	"slices"
	"time"

	"flashmob/latency"
	"flashmob/timeline"
	"flashmob/worker"
)

// look makes a View of what is known. The caller holds the lock.
func (c *Collector) look(now time.Time) *View {
	v := &View{At: now, Hosts: []Host{}}
	if c.told.Cluster != nil {
		cluster := *c.told.Cluster
		since := now.Sub(c.toldAt).Seconds()
		cluster.Dollars += cluster.Hourly * since / 3600
		if cluster.EndsIn != nil {
			cluster.EndsIn = ptr(max(*cluster.EndsIn-since, 0))
		}
		v.Cluster = &cluster
	}
	if c.bulletin != nil {
		v.Run = c.lookAtRun(now)
		if left := v.Run.Left; v.Cluster != nil && left != nil {
			v.Cluster.Expected = ptr(v.Cluster.Dollars + v.Cluster.Hourly**left/3600)
		}
	}
	v.Hosts = c.lookAtHosts(now)
	return v
}

func ptr[T any](v T) *T { return &v }

// NewRun returns what a status says of a run: all that is known of it where no Collector listens.
func NewRun(id string, s worker.Status, p Progress) *Run {
	r := &Run{
		ID: id, By: s.By, Began: s.Began, State: Going, Waits: s.Waits, Records: s.Tally.In, Out: s.Tally.Out, Rejected: s.Tally.Rejected,
		Emitted: s.Tally.Emitted, Unit: "bytes", Covered: s.Covered, Resumed: s.Resumed, Results: s.Bytes, Slots: s.Slots,
		Backlog: Backlog{Batches: s.Out, Untaken: s.Untaken}, Process: []Stage{}, Workers: []Worker{},
		Retried: s.Retried, TakenOver: s.TakenOver, Late: s.Late, Incidents: s.Incidents,
	}
	if s.Rows {
		r.Unit = "rows"
	}
	if s.Total >= 0 {
		r.Total, r.Backlog.Input = ptr(s.Total), ptr(s.Total-s.Covered)
	}
	if p.Fraction >= 0 {
		r.Fraction = ptr(p.Fraction)
	}
	if p.LeftSecond >= 0 && !s.Drained {
		r.Left = ptr(p.LeftSecond)
	}
	for _, w := range s.Workers {
		r.Workers = append(r.Workers, Worker{Name: w.Name, Slots: w.Slots, Busy: w.Busy, Parts: w.Parts, Records: w.Records, Lost: w.Lost})
	}
	for number, owner := range s.Owners {
		r.Partitions = append(r.Partitions, Partition{number, owner})
	}
	for reason, n := range s.Reasons {
		r.Reasons = append(r.Reasons, Reason{reason, n})
	}
	slices.SortFunc(r.Reasons, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason)) })
	if r.Incidents == nil {
		r.Incidents = []worker.Incident{}
	}
	return r
}

// lookAtRun makes the view of the run.
func (c *Collector) lookAtRun(now time.Time) *Run {
	s := c.bulletin.Status
	r := NewRun(c.run.ID, s, c.progress)
	run := c.run
	r.App, r.Settings, r.trace = run.App, &run, c.traces.clone()
	for _, slow := range s.Slowest {
		name := ""
		if slow.Input < len(c.run.Inputs) {
			name = c.run.Inputs[slow.Input].URI
		}
		r.Slowest = append(r.Slowest, Slow{name, slow.Offset, slow.Length, slow.Records, slow.Worker, slow.Took.Seconds()})
	}
	switch over := c.bulletin.Over; {
	case over == nil:
		if silent := now.Sub(c.read); silent > fresh {
			r.Silent = ptr(silent.Seconds())
		}
	case over.Drained:
		r.State, r.Waits, r.Left = Drained, "", nil
	case over.Error != "":
		r.State, r.Error, r.Waits, r.Left = Failed, over.Error, "", nil
	default:
		r.State, r.Waits, r.Left = Done, "", nil
	}
	r.Spans = c.told.Spans
	r.Phase = "work"
	for _, one := range r.Spans {
		if one.Lane == timeline.RunLane && one.To.IsZero() {
			r.Phase = one.Name
		}
	}
	if r.State != Going {
		r.Phase = r.State
	}
	rows, bytes := c.rates.rows.list(), c.rates.bytes.list()
	r.History = &History{Ends: now, Rows: rows, Bytes: bytes, Out: c.rates.out.list(), Busy: c.rates.busy.list()}
	if n := len(rows); n > 0 {
		r.Rows, r.Bytes = ptr(rows[n-1]), ptr(bytes[n-1])
	}
	busy := 0
	for i := range r.Workers {
		own := &r.Workers[i]
		if w := c.workers[own.Name]; w != nil {
			c.lookAtWorker(own, w, now)
		}
		if own.Lost {
			own.Busy = 0
		}
		busy += own.Busy
	}
	r.Busy = ptr(busy)
	r.Process = c.lookAtStages()
	return r
}

// lookAtWorker completes what the initializer says of a worker by what it says itself.
func (c *Collector) lookAtWorker(own *Worker, w *workerLog, now time.Time) {
	if silent := now.Sub(w.heard); silent > fresh {
		own.Silent = ptr(silent.Seconds())
	} else {
		own.Busy = w.last.Busy
	}
	own.Rows, own.Volume = w.rates.rows.spread(), w.rates.bytes.spread()
	for _, name := range worker.Stages {
		if total := w.total(name); total != nil {
			own.Stages = append(own.Stages, newStage(total))
		}
	}
	for i := range max(len(w.last.Slots), len(w.slots)) {
		var counts worker.Counts
		if i < len(w.slots) {
			counts.Add(w.slots[i])
		}
		if i < len(w.last.Slots) {
			counts.Add(w.last.Slots[i])
		}
		own.PerSlot = append(own.PerSlot, countsOf(worker.StageProcess, counts))
	}
}

// lookAtStages returns the stages of all workers together, and that of the whole.
func (c *Collector) lookAtStages() []Stage {
	stages := []Stage{}
	for _, name := range worker.Stages[:len(worker.Stages)-1] {
		sum := &worker.StageMetrics{Name: name, Latency: latency.New()}
		var of []*latency.Histogram
		for _, w := range c.workers {
			if total := w.total(name); total != nil {
				sum.Add(total.Counts)
				of = append(of, total.Latency)
			}
		}
		sum.Latency.Add(of...)
		if sum.Batches == 0 {
			continue
		}
		stage := newStage(sum)
		if r := c.stages[name]; r != nil {
			stage.Volume = r.bytes.spread()
			if sum.Records > 0 {
				stage.Rows = r.rows.spread()
			}
		}
		stages = append(stages, stage)
	}
	whole := newStage(&c.bulletin.Whole)
	if whole.Batches > 0 {
		whole.Rows = c.rates.rows.spread()
		stages = append(stages, whole)
	}
	return stages
}

func countsOf(name string, c worker.Counts) Stage {
	return Stage{Name: name, Batches: c.Batches, Records: c.Records, Bytes: c.Bytes, Rejected: c.Rejected, Again: c.Again, Busy: c.Busy.Seconds()}
}

func newStage(s *worker.StageMetrics) Stage {
	stage := countsOf(s.Name, s.Counts)
	if s.Latency == nil {
		return stage
	}
	at := func(percentile float64) float64 { return s.Latency.At(percentile).Seconds() }
	if n := s.Latency.Count(); n > 0 {
		stage.Latency = Latency{n, at(50), at(95), at(99), at(99.9), at(99.99), s.Latency.Longest().Seconds()}
	}
	return stage
}

// lookAtHosts makes the list of hosts: those that the operator tells of, and the workers.
func (c *Collector) lookAtHosts(now time.Time) []Host {
	hosts := []Host{}
	at := map[string]int{}
	of := func(name string) *Host {
		i, known := at[name]
		if !known {
			i = len(hosts)
			at[name] = i
			hosts = append(hosts, Host{Name: name})
		}
		return &hosts[i]
	}
	for _, lane := range timeline.Lanes(c.told.Spans) {
		if lane == timeline.RunLane {
			continue
		}
		h := of(lane)
		for _, one := range c.told.Spans {
			if one.Lane == lane {
				h.State, h.Since, h.Waits = one.Name, one.From, one.Note
				if !one.To.IsZero() {
					h.State, h.Since, h.Waits = "done", one.To, ""
				}
			}
		}
	}
	if c.self != "" {
		machine := worker.ThisMachine()
		h := of(c.self)
		h.Machine = &machine
		if h.State == "" || h.State == timeline.Work || h.State == "start" {
			h.State, h.Waits = "dashboard", ""
		}
	}
	if c.bulletin != nil {
		for _, w := range c.bulletin.Status.Workers {
			h := of(w.Name)
			switch {
			case w.Lost && !w.Heard.IsZero():
				h.State, h.Since, h.Waits = timeline.Lost, w.Heard, "nothing more is heard of it"
			case h.State != timeline.Work:
				h.State, h.Since, h.Waits = timeline.Work, w.Joined, ""
			}
			if c.bulletin.Over != nil && !w.Lost {
				h.State = "done"
			}
			if log := c.workers[w.Name]; log != nil {
				machine := log.last.Host
				h.Machine = &machine
				h.Silent = ptr(max(now.Sub(log.heard).Seconds(), 0))
			}
		}
	}
	return hosts
}
