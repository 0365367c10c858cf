package simulator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"flashmob/bench"
	"flashmob/worker"
)

// batch is a run of rows.
type batch struct {
	first, rows int64
	handed      uint64 // how often the log has handed it out
	covered     bool   // a part of it has come
}

// run is a run that is being played. The initializer is in it.
type run struct {
	Config
	clock                     clock
	rand                      *rand.Rand
	loop, log, up, down       line
	hosts                     []*host
	sizing                    worker.Sizing
	cut, played               int64 // rows cut so far, and to be cut
	feeding                   bool
	out                       int
	queue                     []*batch // the log's, the next one first
	pulls                     []*pull  // that wait there
	home, homeRows            int64    // batches at home, and their rows
	batches                   int64
	firstRows, mostRows       int64
	seconds                   float64 // that slots were at work on batches that they came to the end of
	halfTime                  float64 // when half the rows were at home
	halfRows                  int64
	busySlots, reachableSlots int
	result                    Result
}

func newRun(c Config) *run {
	r := &run{Config: c, rand: chance(c.Seed)}
	r.loop.clock, r.log.clock, r.up.clock, r.down.clock = &r.clock, &r.clock, &r.clock, &r.clock
	r.firstRows = max(1, worker.FirstBatch(int64(float64(c.Job.Rows)*c.Job.In.Value), c.Shape.Hosts*c.Shape.Slots)/int64(max(c.Job.In.Value, 1)))
	r.mostRows = max(1, int64(worker.MaxBatch/c.Job.In.Value))
	per := min(max(worker.BatchTime.Seconds()*c.Constants.Speed.Value/c.Job.Row.Value, 1), float64(r.mostRows)) // as batches come to be
	if c.BatchRows > 0 {
		per = float64(c.BatchRows)
	}
	r.played = c.Job.Rows
	if most := float64(c.Most) * per; float64(c.Job.Rows) > most {
		r.played = int64(most)
	}
	for i := range c.Shape.Hosts {
		h := &host{run: r, number: i, alive: true, slowness: 1, holds: map[*batch]*holding{}}
		if slow := i - (c.Shape.Hosts - len(c.Slow)); slow >= 0 {
			h.slowness = c.Slow[slow]
		}
		r.hosts = append(r.hosts, h)
	}
	r.reachableSlots = c.Shape.Hosts * c.Shape.Slots
	return r
}

// play plays the work, and returns how long it takes.
func (r *run) play(ctx context.Context) (seconds float64, err error) {
	for _, h := range r.hosts {
		h.pull()
		if r.Losses > 0 && h.number > 0 { // the initializer's host stays
			r.clock.after(r.rand.ExpFloat64()/r.Losses*time.Hour.Seconds(), h.lose)
		}
	}
	r.feed()
	r.clock.after(worker.HurryEvery.Seconds(), r.hasten)
	over := func() bool { return r.cut >= r.played && !r.feeding && r.home == r.batches }
	if !r.clock.run(func() bool { return over() || ctx.Err() != nil }) {
		return 0, fmt.Errorf("simulate %s rows on %d hosts: it stands still with %d of %d batches at home", bench.Grouped(r.Job.Rows), r.Shape.Hosts, r.home, r.batches)
	}
	if !over() {
		return 0, context.Cause(ctx)
	}
	work := r.clock.now
	r.result.Batches, r.result.Rows = r.batches, r.played
	r.result.Busy = map[string]float64{Loop: r.loop.busy, Log: r.log.busy, Uplink: r.up.busy, Downlink: r.down.busy, Slots: r.seconds / float64(r.slots())}
	for name := range r.result.Busy {
		r.result.Busy[name] /= max(work, 1e-9)
	}
	if rest := r.Job.Rows - r.played; rest > 0 {
		rate := float64(r.homeRows-r.halfRows) / (work - r.halfTime)
		work += float64(rest) / rate
	}
	return work, nil
}

// slots is how many slots can be at work at once.
func (r *run) slots() int {
	all := r.Shape.Hosts * r.Shape.Slots
	if r.Shape.Cores > 0 {
		return min(all, int(float64(r.Shape.Cores)/(1-min(r.Job.Idle, 0.99))))
	}
	return all
}

// feed cuts and hands out the next batch where there is room in the window.
func (r *run) feed() {
	if r.feeding || r.cut >= r.played || r.out >= r.sizing.Window(r.reachableSlots) {
		return
	}
	remaining := r.Job.Rows - r.cut // batches shrink at the end of the input, not of what is played of it
	rows := r.BatchRows
	if rows == 0 {
		rows = r.sizing.Next(r.firstRows, r.mostRows, remaining, r.reachableSlots)
	}
	b := &batch{first: r.cut, rows: min(rows, r.played-r.cut)}
	r.cut, r.out, r.batches, r.feeding = r.cut+b.rows, r.out+1, r.batches+1, true
	r.result.Most = max(r.result.Most, r.out)
	send := func() {
		r.loop.pass(r.turn(), func() {
			r.log.pass(r.logTime(r.carried(b)), func() {
				r.queue = append(r.queue, b)
				r.dispatch()
			})
			r.feeding = false
			r.feed()
		})
	}
	if bytes := r.carried(b); bytes > 0 {
		r.up.pass(bytes*r.Constants.Packed.Value/r.Constants.Uplink.Value, send)
		return
	}
	send()
}

// turn is what the initializer's loop takes to hand out a batch, or to gather it.
func (r *run) turn() float64 { return 0.5 / r.Constants.BatchRate.Value }

// logTime is how long the log takes for so many bytes.
func (r *run) logTime(bytes float64) float64 { return bytes / r.Constants.LogRate.Value }

// carried is how many bytes of input travel with a batch.
func (r *run) carried(b *batch) float64 {
	if !r.Job.Travels {
		return 0
	}
	return float64(b.rows) * r.Job.In.Value
}

// dispatch gives batches that wait to the pulls that wait, in their order.
func (r *run) dispatch() {
	for len(r.queue) > 0 {
		for len(r.pulls) > 0 && !r.pulls[0].waits() {
			r.pulls = r.pulls[1:]
		}
		if len(r.pulls) == 0 {
			return
		}
		b, p := r.queue[0], r.pulls[0]
		r.queue = r.queue[1:]
		p.want--
		b.handed++
		p.host.holds[b] = &holding{since: r.clock.now, begun: -1}
		r.clock.after(r.RoundTrip/2, func() { p.host.got(b) })
		if p.want == 0 {
			p.host.pull()
		}
	}
}

// gather takes in a part. Only the first for its range counts.
func (r *run) gather(b *batch, took float64) {
	if b.covered {
		r.result.Late++
		return
	}
	b.covered = true
	r.out--
	r.result.Gathered += b.rows
	r.sizing.Observe(b.rows, time.Duration(took*float64(time.Second)))
	r.down.pass(float64(b.rows)*r.Job.Out.Value/r.Constants.Downlink.Value, func() { r.arrive(b) })
	r.feed()
}

// arrive takes in that the results of a batch are at home: what is not played is reckoned from how fast they come there.
func (r *run) arrive(b *batch) {
	r.home, r.homeRows = r.home+1, r.homeRows+b.rows
	if r.halfTime == 0 && r.homeRows >= r.played/2 {
		r.halfTime, r.halfRows = r.clock.now, r.homeRows
	}
}
