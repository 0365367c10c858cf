package simulator

import (
	"slices"
	"time"

	"flashmob/worker"
)

// hasten has hosts give up what they hold for long, whenever others are idle and nothing is left to hand out.
func (r *run) hasten() {
	if len(r.clock.events) == 0 { // nothing else is to happen any more: this must not hide it
		return
	}
	r.clock.after(worker.HurryEvery.Seconds(), r.hasten)
	if r.cut < r.played || r.feeding || r.out == 0 || !r.idle() {
		return
	}
	var all []worker.Pace
	for _, h := range r.hosts {
		if took := h.sizing.Took(); took > 0 && h.alive {
			all = append(all, worker.Pace{Took: took, Slots: r.Shape.Slots})
		}
	}
	took := worker.Usual(all)
	for _, h := range r.hosts {
		r.clock.after(r.RoundTrip/2, func() { h.giveUp(took) })
	}
}

// idle reports whether a slot has nothing to do, and whether it would be another host that it could do something for.
func (r *run) idle() bool {
	there, free := 0, 0
	for _, h := range r.hosts {
		if h.alive {
			there++
			free += r.Shape.Slots - h.busy
		}
	}
	return there > 1 && free > 0
}

// giveUp lets others have what is overdue where batches take so long elsewhere. What is begun is gone on with, and nothing new is taken
// until it is done.
func (h *host) giveUp(took time.Duration) {
	if !h.alive {
		return
	}
	r := h.run
	for _, b := range h.held() {
		held := h.holds[b]
		begun := held.begun >= 0
		since := held.since
		if begun {
			since = held.begun
		}
		if !worker.Overdue(time.Duration((r.clock.now-since)*float64(time.Second)), begun, took, b.handed) {
			continue
		}
		delete(h.holds, b)
		if begun {
			h.late++
		} else {
			h.working--
			h.ready = slices.DeleteFunc(h.ready, func(other *batch) bool { return other == b })
		}
		r.clock.after(r.RoundTrip/2, func() {
			if !b.covered {
				r.result.Taken++
				r.queue = slices.Insert(r.queue, 0, b)
				r.dispatch()
			}
		})
	}
	if h.late > 0 && h.asked != nil && h.asked.waits() {
		h.asked.gone = true
		h.working -= h.asked.want
	}
}
