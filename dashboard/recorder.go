package dashboard

import "sync"

// Recorder keeps the newest view of a run that is collected elsewhere, and the run's course. The zero value has seen nothing;
// its methods may be called concurrently.
type Recorder struct {
	mu     sync.Mutex
	last   *View
	traces traces
}

// Take takes in a view, a second after the one before.
func (r *Recorder) Take(v *View) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v.Run == nil || r.last != nil && !v.At.After(r.last.At) {
		return
	}
	r.last = v
	if v.Run.State == Going && v.Run.Rows != nil && v.Run.Bytes != nil && v.Run.Busy != nil {
		r.traces.rows.push(*v.Run.Rows)
		r.traces.bytes.push(*v.Run.Bytes)
		r.traces.out.push(float64(v.Run.Backlog.Batches))
		r.traces.busy.push(float64(*v.Run.Busy))
	}
}

// View returns the newest view, with the run's course; nil where there was none.
func (r *Recorder) View() *View {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return nil
	}
	v, run := *r.last, *r.last.Run
	run.trace = r.traces.clone()
	v.Run = &run
	return &v
}
