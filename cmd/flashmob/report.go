package main

import (
	"errors"
	"time"

	"flashmob/dashboard"
	"flashmob/manifest"
	"flashmob/worker"
)

// writeReport leaves the report of a run in its folder, however it ended; m is nil where it did not come to its end. One that
// cannot be written is not worth a run. Of a run that never began there is none.
func (d *display) writeReport(output string, run runner, m *manifest.Manifest, wall time.Duration, err error) {
	state, unreadable := manifest.Look(output)
	if d.seen == nil || unreadable != nil || state != manifest.Begun && state != manifest.Finished {
		return
	}
	var identity manifest.Run
	if m != nil {
		identity = m.Run
	} else if identity, unreadable = manifest.Peek(output); unreadable != nil {
		return // what is there is another run's
	}
	now := time.Now()
	report := dashboard.Report{View: &dashboard.View{At: now}, Ended: now, Output: output, Took: wall}
	if seen := d.seen(); seen != nil {
		view := *seen
		report.View = &view
	}
	report.View.Run = d.outcome(report.View.Run, identity, run, m, err)
	if m == nil && err != nil {
		report.Error = err.Error()
	}
	seconds := wall.Seconds()
	if report.View.Run.Resumed == 0 && (m == nil || m.Sittings == 1) && seconds > 0 {
		report.Rate = float64(report.View.Run.Records) / seconds
	}
	report.Forecast.Time.Actual = &seconds
	if d.record != nil {
		d.record.compare(&report.Forecast)
	}
	if err := report.Write(); err != nil {
		d.logger().Warn("there is no report", "err", err)
	}
}

// compare completes a report's forecast by what was predicted, and what is known of the phases and the cost.
func (r *reckoning) compare(f *dashboard.Forecast) {
	positive := func(v float64) *float64 {
		if v > 0 {
			return &v
		}
		return nil
	}
	if actual := r.entry.Actual; actual.Unpriced == "" {
		f.Cost.Actual = positive(actual.Dollars)
	}
	p := r.entry.Predicted
	if p == nil {
		return
	}
	f.Time.Predicted, f.Cost.Predicted = positive(p.Seconds.Value), positive(p.Dollars.Value)
	for _, phase := range p.Phases {
		one := dashboard.Compared{Name: phase.Name, Predicted: positive(phase.Seconds.Value)}
		if took, known := r.entry.Actual.Phases[phase.Name]; known {
			one.Actual = &took
		}
		f.Phases = append(f.Phases, one)
	}
}

// outcome returns how a run is that has ended: what was seen of it last, and what is known now.
func (d *display) outcome(seen *dashboard.Run, identity manifest.Run, run runner, m *manifest.Manifest, err error) *dashboard.Run {
	status, known := run.Status()
	if !known {
		status.Total = -1
	}
	last := dashboard.NewRun(identity.ID, status, new(dashboard.Meter).Read(status, time.Now()))
	r := *last
	if seen != nil && seen.ID == identity.ID {
		r = *seen
		if known {
			r.Records, r.Out, r.Rejected, r.Emitted = last.Records, last.Out, last.Rejected, last.Emitted
			r.Covered, r.Fraction, r.Results, r.Incidents = last.Covered, last.Fraction, last.Results, last.Incidents
			r.Retried, r.TakenOver, r.Late, r.Reasons = last.Retried, last.TakenOver, last.Late, last.Reasons
		}
	}
	r.App, r.Settings, r.Spans = identity.App, &identity, run.Spans()
	r.Waits, r.Left, r.Rows, r.Bytes, r.Busy, r.Backlog.Batches = "", nil, nil, nil, nil, 0
	switch {
	case m != nil:
		r.State, r.Records, r.Out, r.Rejected, r.Results = dashboard.Done, m.Totals.In, m.Totals.Out, m.Totals.Rejected, m.Bytes
		r.Emitted = m.Totals.Emitted
		if r.Total != nil {
			whole, nothing := 1., int64(0)
			r.Covered, r.Fraction, r.Backlog.Input = *r.Total, &whole, &nothing
		}
	case errors.Is(err, worker.ErrDrained), errors.Is(err, errInterrupted):
		r.State = dashboard.Drained
	default:
		r.State = dashboard.Failed
	}
	r.Phase = r.State
	return &r
}
