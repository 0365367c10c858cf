package bench

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// near reports whether two numbers differ by less than a thousandth.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-3*max(math.Abs(a), math.Abs(b), 1e-9) }

// exact are constants with which every sum can be done by hand.
func exact() Constants {
	return Constants{
		Provision: Exactly(50), ProvisionHost: Exactly(1), Launched: Exactly(20), Upload: Exactly(2), UploadHost: Exactly(3),
		Start: Exactly(4), StartHost: Exactly(0.5), Stop: Exactly(1), StopHost: Exactly(0.25), Destroy: Exactly(30), DestroyHost: Exactly(2),
		Speed: Exactly(1), Hop: Exactly(0), LogRate: Exactly(1e9), BatchRate: Exactly(1e9), Uplink: Exactly(1e9), Downlink: Exactly(1e9),
		Packed: Exactly(1), Overlap: Exactly(1),
	}
}

// aJob takes 1 000 seconds of one slot: a million rows of 100 bytes, at a millisecond each.
func aJob() Job { return Job{Rows: 1e6, Row: Exactly(1e-3), In: Exactly(100), Out: Exactly(50)} }

func TestPredictionAddsUp(t *testing.T) {
	shape := Shape{Cloud: AWS, Hosts: 4, Slots: 5, HostRate: 3.6, MetricsRate: 1.8}
	p := Predict(aJob(), shape, exact())
	want := []Phase{
		{Provision, Exactly(50 + 5 + 2 + 3*2)}, {Starting, Exactly(4 + 2)}, {Working, Exactly(1000./20 + 0.125)},
		{Stopping, Exactly(2)}, {Destroy, Exactly(30 + 10)},
	}
	if len(p.Phases) != len(want) {
		t.Fatalf("the phases are %+v", p.Phases)
	}
	sum := 0.0
	for i, phase := range p.Phases {
		if phase.Name != want[i].Name || !near(phase.Seconds.Value, want[i].Seconds.Value) {
			t.Errorf("phase %+v, want %+v", phase, want[i])
		}
		sum += phase.Seconds.Value
	}
	if !near(p.Seconds.Value, sum) || !near(p.Results.Value, sum-40) || p.Bound != "compute" {
		t.Errorf("%v until destroyed, %v until the results are home, bound by %s", p.Seconds.Value, p.Results.Value, p.Bound)
	}
	rate := (4*3.6 + 1.8) / 3600
	if !near(p.Dollars.Value, rate*(sum-20)) {
		t.Errorf("it costs %v, want %v", p.Dollars.Value, rate*(sum-20))
	}
	if !near(p.Efficiency, 1000/(20*p.Results.Value)) {
		t.Errorf("efficiency %v", p.Efficiency)
	}
}

func TestNoHostIsBilledForLessThanAMinute(t *testing.T) {
	k := exact()
	k.Provision, k.Launched, k.Destroy, k.DestroyHost = Exactly(1), Exactly(0), Exactly(1), Exactly(0)
	job := aJob()
	job.Rows = 1
	p := Predict(job, Shape{Cloud: AWS, Hosts: 1, Slots: 1, HostRate: 60, MetricsRate: 60}, k)
	if p.Seconds.Value > 60 || !near(p.Dollars.Value, 2) {
		t.Errorf("%v seconds cost %v, want two minutes of a dollar each", p.Seconds.Value, p.Dollars.Value)
	}
}

func TestWorkWaitsForTheNarrowestPlace(t *testing.T) {
	for want, change := range map[string]func(*Constants, *Job){
		"compute": func(*Constants, *Job) {},
		"feed":    func(k *Constants, j *Job) { k.Uplink, j.Travels = Exactly(1e5), true },
		"log":     func(k *Constants, _ *Job) { k.LogRate = Exactly(1e5) },
		"batches": func(k *Constants, _ *Job) { k.BatchRate = Exactly(1) },
		"results": func(k *Constants, _ *Job) { k.Downlink = Exactly(1e5) },
	} {
		k, job := exact(), aJob()
		change(&k, &job)
		shape := Shape{Cloud: AWS, Hosts: 10, Slots: 10}
		p := Predict(job, shape, k)
		if p.Bound != want {
			t.Errorf("it is bound by %s, want %s", p.Bound, want)
		}
		twice := shape
		twice.Hosts = 20
		faster := p.work() - Predict(job, twice, k).work()
		if want == "compute" && faster < 4 || want != "compute" && faster > 1 {
			t.Errorf("bound by %s, twice the hosts save %.1f s", want, faster)
		}
	}
}

// work is the seconds of the work.
func (p Prediction) work() float64 {
	for _, phase := range p.Phases {
		if phase.Name == Working {
			return phase.Seconds.Value
		}
	}
	return math.NaN()
}

func TestGeneratedInputDoesNotTravel(t *testing.T) {
	k, job := exact(), aJob()
	k.Uplink = Exactly(1)
	if p := Predict(job, Shape{Cloud: AWS, Hosts: 1, Slots: 1}, k); p.Bound != "compute" {
		t.Errorf("bound by %s", p.Bound)
	}
}

func TestSharedCoresAreNotMultiplied(t *testing.T) {
	one := Predict(aJob(), Shape{Cloud: Sandbox, Hosts: 1, Slots: 4, Cores: 2}, exact()).work()
	many := Predict(aJob(), Shape{Cloud: Sandbox, Hosts: 8, Slots: 4, Cores: 2}, exact()).work()
	if !near(one, many) || one < 500 {
		t.Errorf("one host of two cores takes %v, eight on the same take %v", one, many)
	}
}

// The smallest batches are of 256 bytes: so few rows that all are cut before any was timed fall into few batches.
func TestFewSlowRowsAreUnevenlyShared(t *testing.T) {
	k, job := exact(), aJob()
	job.Rows, job.Row = 4, Exactly(2) // a batch holds 3 rows
	if got := Predict(job, Shape{Cloud: Local, Slots: 2}, k).work(); got < 6 || got > 7 {
		t.Errorf("8 s of work on 2 slots take %v: one of them has 3 of the 4 rows", got)
	}
	job.Rows = 44
	if got := Predict(job, Shape{Cloud: Local, Slots: 2}, k).work(); got < 44 || got > 48 {
		t.Errorf("88 s of work on 2 slots take %v", got)
	}
	job.Rows = 0
	if got := Predict(job, Shape{Cloud: Local, Slots: 2}, k).work(); got != 0 {
		t.Errorf("no rows take %v", got)
	}
}

func TestFiguresSayHowWellTheyAreKnown(t *testing.T) {
	measured := Seen([]float64{3, 1, 2}, "3 runs")
	if measured.Value != 2 || measured.Low != 1 || measured.High != 3 || measured.Mark != Measured {
		t.Errorf("%+v", measured)
	}
	assumed := Assumed(10, 5, 20, "a guess")
	if got := measured.Plus(assumed); got.Mark != Modelled || got.Value != 12 || got.Low >= 7.01 || got.High < 22 {
		t.Errorf("the sum is %+v", got)
	}
	if got := assumed.Plus(assumed); got.Mark != Default {
		t.Errorf("a sum of defaults is %s", got.Mark)
	}
	if got := assumed.Over(measured); !near(got.Low, 5./3) || got.High != 20 || got.Value != 5 {
		t.Errorf("the quotient is %+v", got)
	}
	if got := Most(Assumed(5, 1, 9, ""), Assumed(6, 5, 7, "")); got.Value != 6 || got.Low != 5 || got.High != 9 {
		t.Errorf("the larger is %+v", got)
	}
	if got := Seen(nil, ""); got != (Figure{}) {
		t.Errorf("nothing is %+v", got)
	}
}

func TestKneeIsWhereSpeedBeginsToCostMoreThanItBrings(t *testing.T) {
	at := func(seconds, dollars float64) Prediction {
		return Prediction{Results: Exactly(seconds), Dollars: Exactly(dollars)}
	}
	of := []Prediction{at(100, 1), at(60, 1.2), at(50, 2), at(49, 4)}
	if got := Knee(of); got != 1 {
		t.Errorf("the knee is %d", got)
	}
	if got := Knee([]Prediction{at(3, 0)}); got != -1 {
		t.Errorf("the knee of what costs nothing is %d", got)
	}
	// The seed's tables, with c5.4xlarge machines and one for metrics: its judgement was that four are the sweet spot.
	for _, rows := range []int64{100_000, 1_000_000, 10_000_000} {
		var published []Prediction
		for _, c := range SeedCells() {
			if c.Machines > 0 && c.Rows == rows {
				published = append(published, at(c.Published.Seconds(), float64(c.Machines+1)*c.Published.Seconds()))
			}
		}
		if got := Knee(published); got != 0 {
			t.Errorf("of %d rows the knee is at %d machines", rows, seedHosts[got])
		}
	}
}

func TestWithinTakesTheCheapestThatIsInTime(t *testing.T) {
	at := func(seconds, dollars float64) Prediction {
		return Prediction{Results: Exactly(seconds), Dollars: Exactly(dollars)}
	}
	of := []Prediction{at(100, 1), at(60, 1.2), at(50, 2), at(49, 4)}
	for _, c := range []struct {
		deadline time.Duration
		budget   float64
		want     int
	}{{0, 0, 0}, {70 * time.Second, 0, 1}, {55 * time.Second, 3, 2}, {55 * time.Second, 1, -1}, {time.Second, 0, -1}, {0, 0.5, -1}} {
		if got := Within(of, c.deadline, c.budget); got != c.want {
			t.Errorf("within %v and $%v: %d, want %d", c.deadline, c.budget, got, c.want)
		}
	}
	if Fastest(of) != 3 || Fastest(nil) != -1 {
		t.Error("the fastest is another")
	}
}

func TestEveryCellOfTheSeedsTablesIsNearOrExplained(t *testing.T) {
	cells := SeedCells()
	if len(cells) != 9+15 {
		t.Fatalf("%d cells", len(cells))
	}
	explained := 0
	for _, c := range cells {
		off := c.Ratio() < 0.75 || c.Ratio() > 1.25
		if off != (c.Why != "") {
			t.Errorf("%d rows on %d machines, %d workers: ratio %.2f, explained by %q", c.Rows, c.Machines, c.Workers, c.Ratio(), c.Why)
		}
		if off {
			explained++
		}
		// With the seed's own ceilings in the same formula every cell is within a quarter: the explanations explain.
		if r := c.Seed.Seconds() / c.Published.Seconds(); r < 0.75 || r > 1.25 {
			t.Errorf("%d rows on %d machines, %d workers: the seed is modelled at %v, published at %v (%.2f)", c.Rows, c.Machines, c.Workers, c.Seed, c.Published, r)
		}
	}
	if explained == 0 || explained == len(cells) {
		t.Errorf("%d of %d cells are off", explained, len(cells))
	}
	if text := SeedTable(cells).Markdown(); strings.Count(text, "\n") != len(cells)+2 || !strings.Contains(text, "> 2h00m") {
		t.Errorf("the table is\n%s", text)
	}
}

// Where the user has fixed how large batches are, none is as long as those that are cut before anything is timed.
func TestFixedBatchesHaveAShortTail(t *testing.T) {
	job := Job{Rows: 20, Row: Exactly(1), In: Exactly(20), Out: Exactly(60)} // 256 bytes are more than half of them
	shape := Shape{Cloud: Sandbox, Hosts: 8, Slots: 2}
	free := Predict(job, shape, Place(Sandbox)).Seconds.Value
	job.Batch = 1
	if fixed := Predict(job, shape, Place(Sandbox)).Seconds.Value; fixed > free-10 || fixed < 2 {
		t.Errorf("%.2f s with batches of one row, %.2f s without", fixed, free)
	}
}

const costPage = "../docs/cost-model.md"

// The page shows the table that the model makes: with -update it is written there.
func TestCostModelPageHasTheTable(t *testing.T) {
	page, err := os.ReadFile(costPage)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- seed:begin -->\n", "<!-- seed:end -->"
	head, rest, ok := strings.Cut(string(page), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("the page has no place for the table")
	}
	want := head + begin + SeedTable(SeedCells()).Markdown() + end + tail
	if *update {
		if err := os.WriteFile(costPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Errorf("%s does not have the table that the model makes (go test ./bench -update)", costPage)
	}
}
