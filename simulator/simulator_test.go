package simulator

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/quick"

	"flashmob/bench"
)

// cluster is a cluster whose serial parts are as in the sandbox, with so many hosts of two slots.
func cluster(hosts int) Config {
	k := bench.Place(bench.Sandbox)
	k.Overlap = bench.Exactly(1)
	return Config{
		Job:       bench.Job{Rows: 200_000, Row: bench.Exactly(0.001), In: bench.Exactly(130), Out: bench.Exactly(60)},
		Shape:     bench.Shape{Cloud: bench.AWS, Hosts: hosts, Slots: 2, HostRate: 1, MetricsRate: 0.1},
		Constants: k,
	}
}

func simulate(t *testing.T, c Config) Result {
	t.Helper()
	r, err := Simulate(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryRowIsGatheredOnceWhateverIsLost(t *testing.T) {
	gathered := func(seed uint64, hosts, slots uint8, rows uint16, losses, slow uint8) bool {
		c := cluster(1 + int(hosts)%20)
		for i := range int(slow) % (1 + c.Shape.Hosts) {
			c.Slow = append(c.Slow, float64(1+i*int(slow)))
		}
		c.Shape.Slots, c.Job.Rows = 1+int(slots)%8, int64(rows)
		c.Seed, c.Losses = seed, float64(losses)*20
		r, err := Simulate(context.Background(), c)
		return err == nil && r.Gathered == c.Job.Rows && r.Rows == c.Job.Rows && r.Lost < c.Shape.Hosts
	}
	if err := quick.Check(gathered, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}

func TestSameSeedIsTheSameRun(t *testing.T) {
	c := cluster(8)
	c.Losses = 60
	first, second := simulate(t, c), simulate(t, c)
	if first.Entry.Actual.Seconds != second.Entry.Actual.Seconds || first.Again != second.Again || first.Lost != second.Lost {
		t.Errorf("%+v, then %+v", first, second)
	}
	c.Seed = 1
	if other := simulate(t, c); other.Entry.Actual.Seconds == first.Entry.Actual.Seconds {
		t.Error("another seed makes no difference")
	}
}

// Where slots are all that a run waits for, events and formula say the same.
func TestSimulationAndFormulaAgreeBelowTheCeilings(t *testing.T) {
	for _, hosts := range []int{1, 2, 4, 16, 64} {
		for _, row := range []float64{0.00002, 0.001, 0.0035} {
			c := cluster(hosts)
			c.Constants.LogRate, c.Constants.Downlink = bench.Exactly(1e12), bench.Exactly(1e12)
			c.Job.Row, c.Job.Rows = bench.Exactly(row), int64(60*float64(2*hosts)/row) // a minute
			r := simulate(t, c)
			work, said := r.Entry.Actual.Phases[bench.Working], 0.0
			for _, p := range r.Entry.Predicted.Phases {
				if p.Name == bench.Working {
					said = p.Seconds.Value
				}
			}
			if off := work/said - 1; math.Abs(off) > 0.05 {
				t.Errorf("%d hosts, %g s a row: simulated %.2f s, formula %.2f s (%+.0f %%)", hosts, row, work, said, 100*off)
			}
			if what, share := r.Bound(); what != Slots || share < 0.9 || share > 1.01 {
				t.Errorf("%d hosts, %g s a row: it waits for %s, busy %.2f", hosts, row, what, share)
			}
		}
	}
}

func TestCeilingsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		waits  string
		rate   func(Config) float64 // rows a second that it allows
	}{
		"loop": {func(c *Config) { c.Shape.Hosts, c.Shape.Slots = 1000, 16 }, Loop,
			func(c Config) float64 { return c.Constants.BatchRate.Value * 250 }},
		"link home": {func(c *Config) { c.Constants.Downlink = bench.Exactly(1e5) }, Downlink,
			func(c Config) float64 { return 1e5 / c.Job.Out.Value }},
		"link from home": {func(c *Config) { c.Job.Travels, c.Constants.Uplink = true, bench.Exactly(1e5) }, Uplink,
			func(c Config) float64 { return 1e5 / c.Job.In.Value / c.Constants.Packed.Value }},
		"log": {func(c *Config) { c.Job.Travels, c.Constants.LogRate = true, bench.Exactly(5e5) }, Log,
			func(c Config) float64 { return 5e5 / (c.Job.In.Value + c.Job.Out.Value) }},
	} {
		config := cluster(8)
		config.Job.Rows = 2_000_000
		c.change(&config)
		if name == "loop" {
			config.Job.Rows, config.Job.Row = 2_000_000_000, bench.Exactly(0.001)
		}
		r := simulate(t, config)
		if what, share := r.Bound(); what != c.waits || share < 0.9 {
			t.Errorf("%s: it waits for %s, busy %.2f", name, what, share)
		}
		rate := float64(config.Job.Rows) / r.Entry.Actual.Phases[bench.Working]
		if want := c.rate(config); math.Abs(rate/want-1) > 0.1 {
			t.Errorf("%s: %.0f rows/s, want %.0f", name, rate, want)
		}
	}
}

func TestALostHostCostsItsShareAndAWait(t *testing.T) {
	c := cluster(4)
	whole := simulate(t, c)
	c.Losses = 3600.0 / 20 // all three workers, within a minute or so
	broken := simulate(t, c)
	if broken.Lost == 0 || broken.Again == 0 {
		t.Fatalf("nothing was lost: %+v", broken)
	}
	if took, before := broken.Entry.Actual.Seconds, whole.Entry.Actual.Seconds; took <= before || took > 4*before {
		t.Errorf("%.1f s with %d of 4 hosts lost, %.1f s with none", took, broken.Lost, before)
	}
	if broken.Entry.Actual.Dollars >= 4.1*broken.Entry.Actual.Seconds/3600 && broken.Entry.Actual.Seconds > 60 {
		t.Errorf("lost hosts are paid on: $%.4f for %.0f s", broken.Entry.Actual.Dollars, broken.Entry.Actual.Seconds)
	}
}

// Hosts are paid for from when they are launched, long before they work.
func TestALostHostIsPaidForFromItsLaunch(t *testing.T) {
	c := cluster(4)
	c.Losses, c.Shape.MetricsRate = 3600.0/20, 0
	c.Constants.Provision, c.Constants.Launched = bench.Exactly(1100), bench.Exactly(100)
	if r := simulate(t, c); r.Lost == 0 || r.Entry.Actual.Dollars < 4*1000./3600 || r.Entry.Actual.Dollars > 4*(r.Entry.Actual.Seconds-100)/3600 {
		t.Errorf("4 hosts, %d of them lost, cost $%.4f in %.0f s", r.Lost, r.Entry.Actual.Dollars, r.Entry.Actual.Seconds)
	}
}

func TestPlayingCanBeInterrupted(t *testing.T) {
	c := cluster(2)
	c.Job.Row = bench.Exactly(1e9)
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := Simulate(ctx, c); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}

// However slow a host is, it costs no more than what it does not do and the rule's wait: the idle take over what it holds at the end.
func TestIdleHostsTakeOverWhatASlowOneHolds(t *testing.T) {
	c := cluster(4)
	c.Shape.Slots = 1
	c.Job.Row, c.Job.Rows = bench.Exactly(0.01), 4000
	work := func() (float64, Result) {
		r := simulate(t, c)
		return r.Entry.Actual.Phases[bench.Working], r
	}
	whole, all := work()
	if all.Taken != 0 {
		t.Errorf("%d batches were taken over where all are alike", all.Taken)
	}
	for _, times := range []float64{2, 10, 100, 1e4} {
		c.Slow = []float64{times}
		took, r := work()
		ideal := whole * 4 / (3 + 1/times)
		t.Logf("one of four %g times as slow: %.2f s, ideally %.2f s; %d batches taken over, %d parts late", times, took, ideal, r.Taken, r.Late)
		if took > ideal+2 || r.Gathered != c.Job.Rows || r.Busy[Slots] > 1 || times > 2 && r.Taken == 0 {
			t.Errorf("one of four %g times as slow: %.2f s, ideally %.2f s; slots %.0f %% busy, %d batches taken over, %d rows gathered", times, took, ideal, 100*r.Busy[Slots], r.Taken, r.Gathered)
		}
	}
}

// A long run is its front, and the rest at the speed of that.
func TestRestIsReckonedFromTheFront(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"all links are wide":   func(*Config) {},
		"the link is too slow": func(c *Config) { c.Constants.Downlink = bench.Exactly(3e5) },
	} {
		c := cluster(8)
		c.Job.Rows = 10_000_000
		change(&c)
		whole := simulate(t, c)
		c.Most = 4000
		front := simulate(t, c)
		if front.Rows >= whole.Rows || front.Batches >= whole.Batches {
			t.Fatalf("%s: all was played: %+v", name, front)
		}
		if off := front.Entry.Actual.Seconds/whole.Entry.Actual.Seconds - 1; math.Abs(off) > 0.02 {
			t.Errorf("%s: reckoned %.1f s, played %.1f s", name, front.Entry.Actual.Seconds, whole.Entry.Actual.Seconds)
		}
	}
}

func TestWhatCannotBeSimulatedIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no host":    func(c *Config) { c.Shape.Hosts = 0 },
		"no slot":    func(c *Config) { c.Shape.Slots = 0 },
		"no time":    func(c *Config) { c.Job.Row = bench.Figure{} },
		"no size":    func(c *Config) { c.Job.In = bench.Figure{} },
		"fewer rows": func(c *Config) { c.Job.Rows = -1 },
		"too slow":   func(c *Config) { c.Slow = []float64{2, 2} },
		"not slow":   func(c *Config) { c.Slow = []float64{0} },
	} {
		c := cluster(1)
		change(&c)
		if _, err := Simulate(context.Background(), c); err == nil {
			t.Errorf("%s: simulated", name)
		}
	}
	c := cluster(3)
	c.Job.Rows = 0
	if r := simulate(t, c); r.Batches != 0 || r.Entry.Actual.Seconds <= 0 {
		t.Errorf("no rows: %+v", r)
	}
}

// Rows that take long are not many, and nothing is known of them when the first batches are cut: every slot gets its share all the same.
func TestFewSlowRowsKeepEverySlotAtWork(t *testing.T) {
	c := cluster(8)
	c.Constants.Start, c.Constants.StartHost = bench.Exactly(0), bench.Exactly(0)
	c.Job.Row, c.Job.Rows = bench.Exactly(0.0035), 4000
	if what, share := simulate(t, c).Bound(); what != Slots || share < 0.85 {
		t.Errorf("4000 rows of 3.5 ms on 16 slots: it waits for %s, busy %.2f", what, share)
	}
}
