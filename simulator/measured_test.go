package simulator

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"flashmob/bench"
	"flashmob/worker"
)

// The formula sizes batches as workers do.
func TestFormulaHasTheConstantsOfTheProtocol(t *testing.T) {
	for name, c := range map[string]struct{ formula, protocol float64 }{
		"what a batch takes":               {bench.BatchSeconds, worker.BatchTime.Seconds()},
		"the largest batch":                {bench.MaxBatch, worker.MaxBatch},
		"what a start may take of a batch": {bench.StartShare, worker.StartShare},
	} {
		if c.formula != c.protocol {
			t.Errorf("%s: %v in the formula, %v in the protocol", name, c.formula, c.protocol)
		}
	}
	for _, size := range []int64{0, 1000, 20_000, 100_000, 1 << 40} {
		for _, slots := range []int{1, 2, 16} {
			if formula, protocol := bench.FirstBatch(float64(size), float64(slots)), float64(worker.FirstBatch(size, slots)); math.Abs(formula-protocol) > 2 {
				t.Errorf("the first batch of %d bytes for %d slots: %v in the formula, %v in the protocol", size, slots, formula, protocol)
			}
		}
	}
}

// The series of a program that waits 10 ms for a row, measured on clusters in the sandbox: what waits needs no cores, so that more
// hosts are faster even there. The smallest size teaches the constants and a row's time, and the simulation says what the others take.
func TestSimulationSaysWhatLargerClustersTake(t *testing.T) {
	text, err := os.ReadFile("../bench/results/series-sandbox-10-ms-of-waiting-a-row.json")
	if err != nil {
		t.Fatal(err)
	}
	var s bench.Series
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	least, _ := s.At(s.Rows[0], s.Sizes[0])
	if len(s.Sizes) < 4 || len(least.Times()) == 0 {
		t.Fatalf("the series has sizes %v, and %d runs of the smallest", s.Sizes, len(least.Times()))
	}
	job := least.Entries[0].Job
	job.Row = bench.Exactly(2 * least.Entries[0].Actual.Phases[bench.Working] / float64(job.Rows)) // two slots
	job.Idle, job.Batch = 0.99, 10
	for i := range least.Entries {
		least.Entries[i].Job = job
	}
	k := bench.Place(bench.Sandbox).Calibrate(bench.Ledger(least.Entries), "", nil)
	for _, size := range s.Sizes {
		p, _ := s.At(s.Rows[0], size)
		e := p.Entries[0]
		r := simulate(t, Config{Job: job, Shape: e.Shape, Constants: k, BatchRows: 10})
		got, want := r.Entry.Actual.Seconds, bench.Median(p.Times())
		t.Logf("%d hosts: simulated %.2f s, measured %.2f s, %+.0f %%", size, got, want, 100*(got/want-1))
		if math.Abs(got/want-1) > 0.25 {
			t.Errorf("%d hosts: simulated %.2f s, measured %.2f s", size, got, want)
		}
		worked, work := r.Entry.Actual.Phases[bench.Working], e.Actual.Phases[bench.Working]
		t.Logf("the work: simulated %.2f s, measured %.2f s, %+.0f %%", worked, work, 100*(worked/work-1))
		if math.Abs(worked/work-1) > 0.25 {
			t.Errorf("%d hosts: the work took %.2f s simulated, %.2f s measured", size, worked, work)
		}
	}
}
