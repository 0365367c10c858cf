package bench

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ran is a run of a job in a place whose true constants are k, with what was said of it before.
func ran(id int, app string, job Job, shape Shape, k Constants) Entry {
	p := Predict(job, shape, k)
	e := Entry{
		Run: time.Unix(int64(id), 0).UTC().Format("20060102-150405"), At: time.Unix(int64(id), 0), App: app, Settings: json.RawMessage(`{"slowness": 1}`),
		Job: job, Shape: shape, Ended: Done, Actual: Actual{Phases: map[string]float64{}, Seconds: p.Seconds.Value},
	}
	for _, phase := range p.Phases {
		e.Actual.Phases[phase.Name] = phase.Seconds.Value
	}
	return e
}

func TestRecordsAreKeptAndReadInOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	for _, id := range []int{30, 10, 20} {
		if err := ran(id, "app", aJob(), Shape{Cloud: Local, Slots: 2}, exact()).Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	ledger, err := ReadLedger(dir)
	if err != nil || len(ledger) != 3 || ledger[0].At.Unix() != 10 || ledger[2].At.Unix() != 30 {
		t.Fatalf("%v, %v", ledger, err)
	}
	for name, text := range map[string]string{"broken.json": "{", "empty.json": "{}", "still.json": `{"run": "x", "shape": {"slots": 1}}`, "notes.txt": "none",
		"back.json":  `{"run": "x", "shape": {"slots": 1}, "actual": {"seconds": 5, "phases": {"work": -4}}}`,
		"less.json":  `{"run": "x", "shape": {"slots": 1}, "job": {"rows": -4}, "actual": {"seconds": 5}}`,
		"parts.json": `{"run": "x", "ended": "done", "shape": {"slots": 1}, "actual": {"seconds": 5, "phases": {"start": 3, "work": 4}}}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ledger, err = ReadLedger(dir)
	if len(ledger) != 3 || err == nil || strings.Count(err.Error(), "read record ") != 6 {
		t.Errorf("%d records and %v", len(ledger), err)
	}
	if ledger, err := ReadLedger(filepath.Join(dir, "none")); ledger != nil || err != nil {
		t.Errorf("of no folder: %v, %v", ledger, err)
	}
}

func TestCalibrationLearnsWhatAPlaceTakes(t *testing.T) {
	truth := Place(Sandbox)
	truth.Provision, truth.ProvisionHost = truth.Provision.Times(3), truth.ProvisionHost.Times(3)
	truth.Destroy, truth.DestroyHost = truth.Destroy.Times(0.5), truth.DestroyHost.Times(0.5)
	truth.Overlap = Exactly(1.6)
	shape := Shape{Cloud: Sandbox, Hosts: 3, Slots: 2, Cores: 2}
	var ledger Ledger
	for i := range 5 {
		e := ran(i, "app", aJob(), shape, truth)
		noise := 0.95 + rand.New(rand.NewPCG(1, uint64(i))).Float64()/10
		for name := range e.Actual.Phases {
			e.Actual.Phases[name] *= noise
		}
		ledger = append(ledger, e)
	}
	// Runs that say nothing of the place.
	stopped, resized, elsewhere := ran(7, "app", aJob(), shape, exact()), ran(8, "app", aJob(), shape, exact()), ran(9, "app", aJob(), Shape{Cloud: AWS, Hosts: 1, Slots: 2}, exact())
	stopped.Ended, resized.Resized = "interrupted", true
	ledger = append(ledger, stopped, resized, elsewhere)

	k := Place(Sandbox).Calibrate(ledger.In(Sandbox, ""), "app", json.RawMessage(`{"slowness":1}`))
	other := aJob()
	other.Rows, other.Row = 3e5, Exactly(4e-3)
	larger := shape
	larger.Hosts = 8
	want, got := Predict(other, larger, truth), Predict(other, larger, k)
	for i, phase := range got.Phases {
		if off := phase.Seconds.Value/want.Phases[i].Seconds.Value - 1; math.Abs(off) > 0.2 {
			t.Errorf("%s is off by %.0f %%", phase.Name, 100*off)
		}
		if phase.Seconds.Low > phase.Seconds.Value || phase.Seconds.High < phase.Seconds.Value {
			t.Errorf("%s: %+v", phase.Name, phase.Seconds)
		}
		if phase.Name == Provision && (phase.Seconds.Mark != Measured || !strings.Contains(phase.Seconds.Source, "5 runs")) {
			t.Errorf("%s: %+v", phase.Name, phase.Seconds)
		}
	}
	if before := Predict(other, larger, Place(Sandbox)); math.Abs(before.Seconds.Value/want.Seconds.Value-1) < 0.2 {
		t.Error("without calibration it is right too: this test shows nothing")
	}
}

func TestRunsOfTheSameProgramCountForItsWork(t *testing.T) {
	shape := Shape{Cloud: Local, Slots: 2}
	slow, quick := exact(), exact()
	slow.Overlap, quick.Overlap = Exactly(2), Exactly(1)
	ledger := Ledger{ran(1, "slow", aJob(), shape, slow), ran(2, "quick", aJob(), shape, quick), ran(3, "quick", aJob(), shape, quick)}
	settings := json.RawMessage(`{"slowness":1}`)
	for app, want := range map[string]float64{"slow": 2, "quick": 1, "new": 1} {
		k := exact().Calibrate(ledger, app, settings)
		if got := Predict(aJob(), shape, k).work() / Predict(aJob(), shape, exact()).work(); !near(got, want) {
			t.Errorf("%s: %v times as long, want %v", app, got, want)
		}
	}
	if got := exact().Calibrate(nil, "slow", settings).Overlap; got.Mark != Modelled || got.Value != 1 {
		t.Errorf("of no runs: %+v", got)
	}
	row := ledger.Same("slow", settings).Row()
	if row.Mark != Measured || math.Abs(row.Value-2e-3) > 1e-5 {
		t.Errorf("a row takes %+v", row)
	}
	few := ran(4, "slow", aJob(), shape, slow)
	few.Job.Rows = 3 // the beginning of a run takes longer than so few rows
	if with := append(ledger, few).Same("slow", settings).Row(); with != row {
		t.Errorf("a row takes %+v with a run over three more, want %+v", with, row)
	}
	if last, ok := ledger.Last(); !ok || last.App != "quick" {
		t.Errorf("the last is %+v", last)
	}
	if row := ledger.Same("slow", json.RawMessage(`{"slowness":2}`)).Row(); row != (Figure{}) {
		t.Errorf("a row with other settings takes %+v", row)
	}
}

// A run whose rows nobody sampled tells what it took; a sample of later tells what of that is the rows'.
func TestRunsTeachTogetherWithALaterSample(t *testing.T) {
	truth := exact()
	truth.Overlap = Exactly(1.5)
	shape := Shape{Cloud: Local, Slots: 2}
	settings := json.RawMessage(`{"slowness":1}`)
	unsampled := func(e Entry, in float64) Entry {
		e.Job.Row, e.Job.In = Figure{}, Exactly(in)
		return e
	}
	same, other := ran(1, "app", aJob(), shape, truth), ran(2, "other", aJob(), shape, truth)
	sampled, wide := ran(3, "app", aJob(), shape, truth), ran(4, "app", aJob(), shape, truth)
	sampled.Job.Row = sampled.Job.Row.Times(2)
	ledger := Ledger{unsampled(same, 100), unsampled(other, 100), sampled, unsampled(wide, 5000)}
	got := ledger.Supposing("app", settings, aJob())
	for i, want := range []float64{aJob().Row.Value, 0, 2 * aJob().Row.Value, 0} {
		if got[i].Job.Row.Value != want {
			t.Errorf("run %d: a row of %v, want %v", i+1, got[i].Job.Row.Value, want)
		}
	}
	if ledger[0].Job.Row.Value != 0 {
		t.Error("the ledger itself is changed")
	}
	taught := func(l Ledger) float64 { return Predict(aJob(), shape, exact().Calibrate(l, "app", settings)).work() }
	if before, after := taught(ledger[:1]), taught(got[:1]); !near(after, 1.5*before) {
		t.Errorf("the run teaches that the work takes %v without the sample, %v with it; want half as much again", before, after)
	}
}

func TestOneRunDoesNotTellWhatIsTakenOnceFromWhatEveryRowTakes(t *testing.T) {
	shape := Shape{Cloud: Local, Slots: 2}
	truth := exact()
	truth.Overlap = Exactly(1.5)
	settings := json.RawMessage(`{"slowness":1}`)
	k := exact().Calibrate(Ledger{ran(1, "app", aJob(), shape, truth)}, "app", settings)
	times := func(rows int64) float64 {
		job := aJob()
		job.Rows = rows
		return Predict(job, shape, k).work() / Predict(job, shape, exact()).work()
	}
	own := aJob().Rows
	if less, same, more := times(own/10), times(own), times(10*own); !near(less, 1.5) || !near(same, 1.5) || more < 1.25 || more > 1.3 {
		t.Errorf("a tenth of the rows takes %v times as long as they should, as many %v, ten times as many %v", less, same, more)
	}
	truth.Overlap = Exactly(0.5)
	k = exact().Calibrate(Ledger{ran(1, "app", aJob(), shape, truth)}, "app", settings)
	if more := times(10 * own); !near(more, 0.5) {
		t.Errorf("a quicker run: %v times as long", more)
	}
}

func TestAStandingClusterIsNeitherMadeNorEnded(t *testing.T) {
	shape := Shape{Cloud: AWS, Hosts: 4, Slots: 5, HostRate: 3.6, MetricsRate: 1.8, Standing: true}
	p := Predict(aJob(), shape, exact())
	if len(p.Phases) != 3 || p.Phases[0].Name != Starting {
		t.Errorf("the phases are %+v", p.Phases)
	}
	if want := (4*3.6 + 1.8) / 3600 * p.Seconds.Value; !near(p.Dollars.Value, want) {
		t.Errorf("it costs %v, want %v", p.Dollars.Value, want)
	}
}
