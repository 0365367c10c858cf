package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"flashmob/apps"
	"flashmob/bench"
	"flashmob/infra"
	"flashmob/input"
	"flashmob/inventory"
	"flashmob/manifest"
	"flashmob/worker"
)

// A reckoning is the record of a run in the making: what is said of it before, and what it comes to.
type reckoning struct {
	entry    bench.Entry
	resumed  bool // a part of the run was done before: it is no measure
	holdBack bool // more is to come: whoever began it closes it
}

// reckon begins the record of a run in a place, with what earlier runs let one say of it.
func (flags runFlags) reckon(identity manifest.Run, shape bench.Shape, log *slog.Logger) *reckoning {
	r := &reckoning{resumed: flags.resume, entry: bench.Entry{
		At: time.Now().UTC(), Version: identity.Version, App: identity.App, Settings: identity.Settings, Shape: shape,
		Job: bench.Job{Travels: travels(identity), Batch: int64(flags.batchRows)}, Actual: bench.Actual{Phases: map[string]float64{}},
	}}
	f, err := newForecaster(identity, defaultRegion, log)
	if err != nil { // it only has to be known where money is spent, and there it is said
		log.Warn("nothing is predicted", "err", err)
		return r
	}
	if job, ok := f.jobFromLedger(shape.Cloud); ok && !flags.resume {
		job.Batch = int64(flags.batchRows)
		r.recall(f, job)
	}
	return r
}

// expect says of the run what the model says of the job as it was sampled.
func (r *reckoning) expect(f *forecaster, job bench.Job) {
	p := f.predict(job, r.entry.Shape)
	r.entry.Predicted, r.entry.Job = &p, job
}

// recall says of the run what earlier runs of the same program took. All that the work waited for is in their rows already, and
// a row that is not sampled is no measure of the model.
func (r *reckoning) recall(f *forecaster, job bench.Job) {
	k := f.constants(r.entry.Shape.Cloud, r.entry.Shape.Type)
	k.Overlap, k.Once, k.Hop = bench.Exactly(1), bench.Exactly(0), bench.Exactly(0)
	p := bench.Predict(job, r.entry.Shape, k)
	r.entry.Predicted = &p
}

// jobFromLedger is the run's job, where earlier runs of the same program and the sizes of the inputs tell it.
func (f *forecaster) jobFromLedger(cloud string) (bench.Job, bool) {
	same := f.ledger.Same(f.identity.App, f.identity.Settings)
	near := same.In(cloud, "")
	row := near.Row()
	if row.Value == 0 {
		row = same.Row()
	}
	last, ok := same.Last()
	if row.Value == 0 || !ok {
		return bench.Job{}, false
	}
	job := bench.Job{Row: row, Idle: last.Job.Idle, In: last.Job.In, Out: last.Job.Out, Travels: travels(f.identity)}
	for _, in := range f.identity.Inputs {
		switch {
		case in.IsGenerated():
			job.Rows += in.Size
		case in == input.Stdin || in.Listens() || in.Size < 0 || !in.HasRanges() || last.Job.In.Value <= 0:
			return bench.Job{}, false // only reading it tells how many rows it has
		default:
			job.Rows += int64(float64(in.Size)/last.Job.In.Value + 0.5)
		}
	}
	return job, true
}

// standing is the shape of the hosts of an inventory, and what they cost if a cluster of ours they are.
func (flags runFlags) standing(inv inventory.Inventory) (s bench.Shape, unpriced string) {
	s = bench.Shape{Cloud: bench.Hosts, Hosts: len(inv.Processing()), Slots: 1, Standing: true}
	if flags.inventory != "" {
		return s, ""
	}
	record, err := infra.ReadRecord(cloudFlags{stack: flags.stack}.files().Record())
	if err != nil {
		return s, ""
	}
	cloud := cloudFlags{stack: flags.stack}
	s.Cloud, s.Type, s.Spot = cloud.remembered(), record.Spec.Type, record.Spec.Spot
	f := &forecaster{region: record.Spec.Region, diskGB: record.Spec.DiskGB}
	if f.prices, err = cloud.files().KnownPrices(); err != nil {
		return s, err.Error()
	}
	priced, err := f.shape(s.Cloud, s.Type, max(s.Hosts, 1), s.Spot)
	if err != nil {
		return s, err.Error()
	}
	priced.Standing = true
	return priced, ""
}

// phaseOf says which phase of a prediction a phase of a run belongs to; what is not named belongs to none.
var phaseOf = map[string]string{
	"prepare": bench.Starting, "start": bench.Starting, "boot": bench.Starting, "connect": bench.Starting, "upload": bench.Starting,
	"work": bench.Working, "feed": bench.Working, "gather": bench.Working, "finish": bench.Stopping, "stop": bench.Stopping,
	"provision": bench.Provision, "destroy": bench.Destroy,
}

// add takes phases into the record.
func (r *reckoning) add(phases []manifest.Phase) {
	for _, p := range phases {
		name, ok := phaseOf[p.Name]
		if !ok {
			name = p.Name
		}
		r.entry.Actual.Phases[name] += p.Seconds
	}
}

// done takes in how the run ended.
func (r *reckoning) done(m *manifest.Manifest, phases []manifest.Phase, wall time.Duration) {
	r.add(phases)
	e := &r.entry
	e.Run, e.Ended, e.Actual.Seconds = m.ID, bench.Done, wall.Seconds()
	if r.resumed || m.Sittings > 1 {
		e.Ended = "resumed"
	}
	e.Job.Rows = m.Totals.In
	if rows := float64(m.Totals.In); rows > 0 {
		seen := func(n int64) bench.Figure { return bench.Seen([]float64{float64(n) / rows}, "this run") }
		e.Job.In, e.Job.Out = seen(inputBytes(m)+generatedBytes(m.Run)), seen(m.Bytes)
	}
	r.rent(wall)
}

// rent takes in what hosts cost that were there before the run and stay after it: as long as they worked on it.
func (r *reckoning) rent(wall time.Duration) {
	if e := &r.entry; e.Shape.Standing && e.Actual.Unpriced == "" {
		e.Actual.Dollars = (float64(e.Shape.Hosts)*e.Shape.HostRate + e.Shape.MetricsRate) * wall.Hours()
	}
}

// generatedBytes is about how many bytes the rows of a run have that it made itself: no manifest counts them.
func generatedBytes(run manifest.Run) (n int64) {
	f, err := apps.New(run.App, run.Settings)
	if err != nil || f.Generator == nil { // then there are none
		return 0
	}
	for _, in := range run.Inputs {
		if in.IsGenerated() {
			n += f.Generator.Weight(in.Seed, in.Size)
		}
	}
	return n
}

// paid takes in what the hosts came to.
func (r *reckoning) paid(receipt *infra.Receipt) {
	switch {
	case receipt == nil:
		r.entry.Actual.Unpriced = "there is no receipt"
	default:
		r.entry.Actual.Dollars, r.entry.Actual.Unpriced = receipt.Dollars, strings.Join(receipt.Unpriced, "; ")
	}
}

// broke takes in that the run did not come to its end, and how far it was.
func (r *reckoning) broke(id string, status worker.Status, phases []manifest.Phase, wall time.Duration, err error) {
	r.add(phases)
	e := &r.entry
	e.Run, e.Ended, e.Actual.Seconds, e.Job.Rows = id, "failed", wall.Seconds(), status.Tally.In
	r.rent(wall)
	if errors.Is(err, worker.ErrDrained) || errors.Is(err, errInterrupted) {
		e.Ended = "interrupted"
	}
}

// close keeps the record, and returns what to say of it: what was said before against what it came to.
func (r *reckoning) close() (string, error) {
	if r.entry.Run == "" {
		return "", nil // it never began
	}
	r.entry.Actual.Seconds = max(r.entry.Actual.Seconds, 1e-9)
	return r.line(), r.entry.Write(ledgerFolder)
}

// line is the comparison in a line; empty where nothing was predicted, or the run was not what was predicted.
func (r *reckoning) line() string {
	p, a := r.entry.Predicted, r.entry.Actual
	if p == nil || r.entry.Ended != bench.Done {
		return ""
	}
	off := 100 * (a.Seconds/p.Seconds.Value - 1)
	text := fmt.Sprintf("%s predicted, %s taken (%+.0f %%)", bench.Seconds(p.Seconds.Value), bench.Seconds(a.Seconds), off)
	if p.Dollars.Value > 0 {
		text += fmt.Sprintf("; %s predicted, %s spent", bench.Money(p.Dollars.Value), bench.Money(a.Dollars))
	}
	return text
}
