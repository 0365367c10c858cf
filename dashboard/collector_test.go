package dashboard

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"flashmob/latency"
	"flashmob/manifest"
	"flashmob/worker"
)

func TestCollectorMakesRatesOfWhatWorkersSay(t *testing.T) {
	p := newPlay(2, nil).begin(manifest.Run{}).plays(30)
	r := p.View().Run
	if r == nil || len(r.Workers) != 2 {
		t.Fatalf("the view is %+v", r)
	}
	// Worker 1 does 34 000 rows a second for 11 s and 40 000 from then on.
	if got := *r.Workers[0].Rows; got != (Spread{Now: 40_000, Least: 34_000, Median: 40_000, Most: 40_000}) {
		t.Errorf("the rate of a worker is %+v", got)
	}
	if got := r.Workers[1].Volume.Now; got != 41_500*bytesARow {
		t.Errorf("the other takes %v bytes a second", got)
	}
	if got := r.Process[1]; got.Name != worker.StageProcess || got.Rows.Now != 81_500 || got.Batches != 2*2*4*30 {
		t.Errorf("together they come to %+v", got)
	}
	if n := len(r.History.Rows); n != 30 || !slices.Contains(r.History.Rows, 81_500) {
		t.Errorf("the history is of %d seconds: %v", n, r.History.Rows)
	}
}

func TestCollectorCountsAWorkerThatIsSilentAsIdleAndKeepsWhatItDid(t *testing.T) {
	p := newPlay(2, nil).begin(manifest.Run{}).plays(10)
	before := p.View().Run.Workers[1]
	p.loses(1).plays(5)
	r := p.View().Run
	lost := r.Workers[1]
	if lost.Rows.Now != 0 || !lost.Lost || lost.Silent == nil || lost.Stages[1].Records != before.Stages[1].Records {
		t.Errorf("the lost one is %+v", lost)
	}
	if r.Process[1].Rows.Now != 40_000 && r.Process[1].Rows.Now != 34_000 {
		t.Errorf("those that are left do %v rows a second", r.Process[1].Rows.Now)
	}
	if h := p.View().Hosts[1]; h.State != "lost" {
		t.Errorf("its host is %+v", h)
	}
}

func TestCollectorAddsUpTheProcessesOfAWorker(t *testing.T) {
	c := newPlay(0, nil)
	c.begin(manifest.Run{})
	say := func(since, at int, records int64) {
		h := latency.New()
		for range records {
			h.Observe(10 * time.Millisecond)
		}
		m := worker.Metrics{Worker: "w", Since: c.begun.Add(time.Duration(since) * time.Second), At: c.begun.Add(time.Duration(at) * time.Second),
			Slots:  []worker.Counts{{Records: records}},
			Stages: []worker.StageMetrics{{Name: worker.StageProcess, Counts: worker.Counts{Batches: records, Records: records}, Latency: h}}}
		c.Hears(m)
	}
	say(0, 1, 10)
	say(0, 3, 30)
	say(0, 2, 20) // late: it says nothing new
	say(10, 11, 5)
	c.status.Workers = []worker.WorkerState{{Name: "w", Slots: 1}}
	c.says(nil)
	c.Tick(c.at)
	r := c.View().Run
	if got := r.Workers[0]; got.Stages[0].Records != 35 || got.PerSlot[0].Records != 35 || got.Stages[0].Latency.Count != 35 {
		t.Errorf("the two processes come to %+v", got)
	}
}

func TestGraphsGoOnAtZeroWhenNothingIsSaid(t *testing.T) {
	p := newPlay(1, nil).begin(manifest.Run{}).plays(5)
	for range 8 { // nobody says anything
		p.at = p.at.Add(time.Second)
		p.Tick(p.at)
	}
	r := p.View().Run
	if n := len(r.History.Rows); n != 13 || r.History.Rows[12] != 0 || r.Silent == nil || *r.Silent < 7 {
		t.Errorf("after silence the history is %v, silent %v", r.History.Rows, r.Silent)
	}
}

func TestCollectorReckonsTheCostOn(t *testing.T) {
	ends := 100.
	c := NewCollector(nil, "")
	at := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	c.now = func() time.Time { return at }
	text, err := json.Marshal(Told{Cluster: &Cluster{ID: "c", Dollars: 1, Hourly: 3600, EndsIn: &ends}})
	if err != nil {
		t.Fatal(err)
	}
	c.Reads(worker.Bulletin{At: at, Status: worker.Status{Total: 1000}, Told: text})
	c.Reads(worker.Bulletin{At: at.Add(time.Second), Status: worker.Status{Total: 1000, Covered: 100}, Told: text})
	c.Tick(at.Add(10 * time.Second))
	if got := c.View().Cluster; got.Dollars != 11 || *got.EndsIn != 90 || *got.Expected != 11+9 {
		t.Errorf("after ten seconds it is %+v, ends %v, expected %v", got, *got.EndsIn, *got.Expected)
	}
}

func TestRunThatIsOverSaysHow(t *testing.T) {
	for state, over := range map[string]worker.Over{Done: {}, Drained: {Drained: true, Error: worker.ErrDrained.Error()}, Failed: {Error: "no"}} {
		p := newPlay(1, nil).begin(manifest.Run{}).plays(3)
		p.says(&over)
		p.Tick(p.at)
		if r := p.View().Run; r.State != state || r.Phase != state || r.Left != nil || r.Waits != "" {
			t.Errorf("%s: it is %+v", state, r)
		}
	}
}
