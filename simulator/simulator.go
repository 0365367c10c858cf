package simulator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"flashmob/bench"
)

// Config says what is simulated. The zero value of a field is what its comment says.
type Config struct {
	Job       bench.Job
	Shape     bench.Shape // with one host or more
	Constants bench.Constants
	Seed      uint64    // of all chance
	Scatter   float64   // standard deviation of the logarithm of a batch's time. Defaults to 0.05.
	Losses    float64   // of a worker's host, an hour, at random. Defaults to none.
	Slow      []float64 // how many times as long batches take on the last hosts, one each. Defaults to none, all are alike.
	RoundTrip float64   // seconds between a host and the log. Defaults to 0.0005.
	BatchRows int64     // of every batch. Defaults to what takes a quarter of a second, as runs have it.
	Most      int64     // batches that are played. Defaults to 300 000.
}

func (c Config) withDefaults() Config {
	if c.Scatter == 0 {
		c.Scatter = 0.05
	}
	if c.RoundTrip == 0 {
		c.RoundTrip = 0.0005
	}
	if c.Most == 0 {
		c.Most = 300_000
	}
	return c
}

// check returns what is wrong with the configuration.
func (c Config) check() error {
	switch {
	case c.Shape.Hosts < 1 || c.Shape.Slots < 1:
		return fmt.Errorf("simulate %d hosts of %d slots: there must be one", c.Shape.Hosts, c.Shape.Slots)
	case c.Job.Rows < 0 || c.Job.Row.Value <= 0 || c.Job.In.Value <= 0:
		return fmt.Errorf("simulate %d rows of %g s: the time and the size of a row must be known", c.Job.Rows, c.Job.Row.Value)
	case len(c.Slow) > c.Shape.Hosts || slices.ContainsFunc(c.Slow, func(times float64) bool { return times <= 0 }):
		return fmt.Errorf("simulate %d hosts, %v times as slow: as many at most, and more than 0 each", c.Shape.Hosts, c.Slow)
	}
	return nil
}

// Result is what became of a simulated run.
type Result struct {
	Entry    bench.Entry // as a measured run would have left it; Version is "simulated"
	Batches  int64       // that were played
	Rows     int64       // of the input, that were played; the rest was reckoned
	Lost     int         // hosts
	Again    int64       // batches of lost hosts handed out once more
	Taken    int64       // batches that idle hosts took over from slower ones
	Late     int64       // parts that were dropped, their range being covered already
	Most     int         // batches out at once
	Busy     map[string]float64
	Gathered int64 // rows, in parts that were the first for their range
}

// What a run may wait for, as keys of Result.Busy: the share of the work's time in which each was busy.
const (
	Slots    = "slots"
	Loop     = "initializer's loop"
	Log      = "log"
	Uplink   = "link from home"
	Downlink = "link to home"
)

// Bound is what the run waited for most, with its share.
func (r Result) Bound() (what string, share float64) {
	for _, name := range []string{Slots, Loop, Log, Uplink, Downlink} {
		if r.Busy[name] > share {
			what, share = name, r.Busy[name]
		}
	}
	return what, share
}

// Simulate plays a run from nothing to results at home and nothing left. A run of years takes long to play: ctx ends that.
func Simulate(ctx context.Context, c Config) (Result, error) {
	if err := c.check(); err != nil {
		return Result{}, err
	}
	c = c.withDefaults()
	r := newRun(c)
	work, err := r.play(ctx)
	if err != nil {
		return Result{}, err
	}
	n, k := float64(c.Shape.Hosts), c.Constants
	phases := map[string]float64{
		bench.Starting: k.Start.Value + k.StartHost.Value*n,
		bench.Working:  work * k.Overlap.Value,
		bench.Stopping: k.Stop.Value + k.StopHost.Value*n,
	}
	if !c.Shape.Standing {
		phases[bench.Provision] = k.Provision.Value + k.ProvisionHost.Value*(n+1) + k.Upload.Value + k.UploadHost.Value*math.Log2(n)
		phases[bench.Destroy] = k.Destroy.Value + k.DestroyHost.Value*(n+1)
	}
	all := 0.0
	for _, name := range []string{bench.Provision, bench.Starting, bench.Working, bench.Stopping, bench.Destroy} { // always in this order
		all += phases[name]
	}
	said := bench.Predict(c.Job, c.Shape, k)
	r.result.Entry = bench.Entry{
		Run: fmt.Sprintf("simulated-%d", c.Seed), Version: "simulated", Job: c.Job, Shape: c.Shape, Ended: bench.Done, Predicted: &said,
		Actual: bench.Actual{Phases: phases, Seconds: all, Dollars: r.bill(phases, all)},
	}
	return r.result, nil
}

// bill is what the hosts cost: from when they were launched to the end, those that were lost until then.
func (r *run) bill(phases map[string]float64, all float64) float64 {
	launched := r.Constants.Launched.Value
	begun := phases[bench.Provision] + phases[bench.Starting]
	sum := max(all-launched, 60) * r.Shape.MetricsRate
	for _, h := range r.hosts {
		end := all
		if h.lost {
			end = min(begun+h.until*r.Constants.Overlap.Value, all)
		}
		sum += max(end-launched, 60) * r.Shape.HostRate
	}
	return sum / 3600
}

// chance is random numbers that are the same for the same seed.
func chance(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x666c617368)) }
