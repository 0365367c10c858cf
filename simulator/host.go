package simulator

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"flashmob/worker"
)

// host is a host with a worker.
type host struct {
	run      *run
	number   int
	slowness float64 // how many times as long a batch takes here
	alive    bool
	lost     bool    // for good
	until    float64 // when
	sizing   worker.Sizing
	ready    []*batch
	busy     int                 // slots at work
	begun    int                 // that have begun their first batch
	working  int                 // batches that wait or are worked on
	late     int                 // of them were given up, and are worked on all the same
	asked    *pull               // what it asks the log for
	holds    map[*batch]*holding // what the log takes it to have: given, not acked, not given up
}

// holding is since when a host has a batch, and since when a slot is at it: less than 0 while none is.
type holding struct{ since, begun float64 }

// pull is a worker's request to the log for some batches.
type pull struct {
	host *host
	want int
	gone bool // it has expired
}

func (p *pull) waits() bool { return p.want > 0 && !p.gone && p.host.alive }

// fetchWait is how long a worker's request stands.
const fetchWait = 1.0

// pull asks for as many batches as the worker should hold, where it does not do so already.
func (h *host) pull() {
	if !h.alive || h.late > 0 || h.asked != nil && h.asked.waits() {
		return
	}
	n := h.sizing.Held(h.run.Shape.Slots) - h.working
	if n <= 0 {
		h.asked = nil
		return
	}
	p := &pull{host: h, want: n}
	h.asked = p
	h.working += n
	h.run.clock.after(h.run.RoundTrip/2, func() {
		h.run.pulls = append(h.run.pulls, p)
		h.run.dispatch()
	})
	h.run.clock.after(fetchWait, func() {
		if p.want > 0 && !p.gone {
			p.gone = true
			h.working -= p.want
			h.pull()
		}
	})
}

// got takes in a batch.
func (h *host) got(b *batch) {
	if !h.alive {
		return
	}
	h.ready = append(h.ready, b)
	h.work()
}

// work has idle slots begin what waits.
func (h *host) work() {
	r := h.run
	for h.alive && h.busy < r.Shape.Slots && len(h.ready) > 0 {
		b := h.ready[0]
		h.ready = h.ready[1:]
		if held := h.holds[b]; held != nil {
			held.begun = r.clock.now
		}
		h.busy++
		r.busySlots++
		took, work := h.takes(b)
		r.clock.after(took, func() { h.done(b, took, work) })
	}
}

// takes is how long a slot takes for a batch that it begins now, and how much of that is work on its rows. Slots that share cores
// get in each other's way.
func (h *host) takes(b *batch) (took, work float64) {
	r := h.run
	rows := float64(b.rows)
	cpu := h.slowness*rows*r.Job.Row.Value/r.Constants.Speed.Value + (rows*r.Job.Out.Value+r.carried(b))*r.Constants.Hop.Value
	cpu *= math.Exp(r.Scatter*r.rand.NormFloat64() - r.Scatter*r.Scatter/2)
	work = cpu
	if h.begun < r.Shape.Slots { // its operator has to start
		h.begun++
		cpu += r.Job.Begin.Value / r.Constants.Speed.Value
	}
	if cores := r.Shape.Cores; cores > 0 {
		cpu *= max(1, float64(r.busySlots)*(1-r.Job.Idle)/float64(cores))
	}
	return cpu, work
}

// done has the part of a batch published, and the batch acked after that. The slot goes on meanwhile.
func (h *host) done(b *batch, took, work float64) {
	r := h.run
	if !h.alive {
		return
	}
	r.busySlots--
	h.busy--
	h.working--
	r.seconds += work
	h.sizing.Observe(b.rows, time.Duration(took*float64(time.Second)))
	r.clock.after(r.RoundTrip, func() {
		r.log.pass(r.logTime(float64(b.rows)*r.Job.Out.Value), func() {
			if h.holds[b] == nil { // it was given up
				h.late--
				h.pull()
			}
			delete(h.holds, b)
			r.loop.pass(r.turn(), func() { r.gather(b, took) })
		})
	})
	h.work()
	h.pull()
}

// lose loses the host. What it holds goes to others when the log has not heard of it for the ack wait: a keep-alive came up to a quarter
// of that before.
func (h *host) lose() {
	r := h.run
	h.alive, h.lost, h.until = false, true, r.clock.now
	r.result.Lost++
	r.busySlots -= h.busy
	for _, b := range h.held() {
		wait := worker.AckWait.Seconds() * (1 - r.rand.Float64()/4)
		r.clock.after(wait, func() {
			if !b.covered {
				r.result.Again++
				r.queue = slices.Insert(r.queue, 0, b)
				r.dispatch()
			}
		})
	}
	r.clock.after(worker.Silence.Seconds(), func() { r.reachableSlots -= r.Shape.Slots })
}

// held is what the host holds, in the order of the input: the same for the same seed.
func (h *host) held() []*batch {
	all := slices.Collect(maps.Keys(h.holds))
	slices.SortFunc(all, func(a, b *batch) int { return cmp.Compare(a.first, b.first) })
	return all
}
