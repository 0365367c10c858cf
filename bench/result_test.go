package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{4, 1}, 2.5},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 100}, 3.5},
	} {
		given := append([]float64{}, test.values...)
		if got := Median(given); got != test.want {
			t.Errorf("median of %v: %v, want %v", test.values, got, test.want)
		}
		if !reflect.DeepEqual(given, append([]float64{}, test.values...)) {
			t.Errorf("median of %v reordered its argument", test.values)
		}
	}
}

// threeRuns is a record with an outlier.
var threeRuns = Record{
	Name: "limit", Rows: 1000, Output: Same,
	Samples: []Sample{
		{Wall: 2 * time.Second, User: 3 * time.Second, System: time.Second, Peak: 10},
		{Wall: 9 * time.Second, User: 3 * time.Second, System: 2 * time.Second, Peak: 30, Others: time.Second},
		{Wall: 1 * time.Second, User: 1 * time.Second, Peak: 20},
	},
}

func TestRecordTakesMediansButTheHighestPeak(t *testing.T) {
	median, least, most := threeRuns.Wall()
	if median != 2*time.Second || least != time.Second || most != 9*time.Second {
		t.Errorf("wall %v, %v, %v", median, least, most)
	}
	if got := threeRuns.CPU(); got != 4*time.Second {
		t.Errorf("CPU %v", got)
	}
	if got := threeRuns.Rate(); got != 500 {
		t.Errorf("rate %v rows/s", got)
	}
	if got := threeRuns.Peak(); got != 30 {
		t.Errorf("peak %v", got)
	}
	if got := threeRuns.Others(); got != 0 {
		t.Errorf("others %v", got)
	}
}

func TestRecordThatWasNotMeasured(t *testing.T) {
	var none Record
	if median, _, _ := none.Wall(); none.Measured() || none.Rate() != 0 || median != 0 || none.Peak() != 0 {
		t.Errorf("a record with no samples measured something: %+v", none)
	}
	wrong := threeRuns
	wrong.Output = Wrong
	if wrong.Measured() {
		t.Error("a record with a wrong output counts as measured")
	}
}

func TestReportKeepsEverySample(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results", "local.json")
	report := Report{
		Date:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Machine: ThisMachine(),
		Records: []Record{threeRuns},
		Targets: []Target{{Name: "fast", Want: "1", Measured: "2", Verdict: Pass}},
	}
	if err := report.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(report, again) {
		t.Errorf("the report read back differs:\n%+v\nwant\n%+v", again, report)
	}
	if got := again.Record("limit"); !got.Measured() {
		t.Errorf("record limit: %+v", got)
	}
	if got := again.Record("absent"); got.Skipped == "" {
		t.Errorf("an absent record says nothing: %+v", got)
	}
}

func TestThisMachine(t *testing.T) {
	machine := ThisMachine()
	if machine.Cores < 1 || machine.Memory < 1<<20 || machine.Kernel == "" || machine.Load == "" {
		t.Errorf("machine %+v", machine)
	}
}

func TestSamplesAreAddedToThoseThatAreThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	sample := func(n int) (s []Sample) { return []Sample{{Wall: time.Duration(n)}} }
	before := Report{Records: []Record{{Name: "a", Rows: 3, Samples: sample(1)}, {Name: "b", Rows: 3, Samples: sample(2)}}}
	if err := before.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	now := &Report{Records: []Record{{Name: "a", Rows: 3, Samples: sample(3)}, {Name: "c", Rows: 3, Samples: sample(4)}}}
	if err := now.Add(path); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"a": 2, "b": 1, "c": 1} {
		if got := len(now.Record(name).Samples); got != want {
			t.Errorf("%s: %d samples, want %d", name, got, want)
		}
	}
	if err := (&Report{Records: []Record{{Name: "a", Rows: 4}}}).Add(path); err == nil {
		t.Error("samples over another input are added")
	}
}
