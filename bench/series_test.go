package bench

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// aSeries has 2 runs of each of 2 numbers of rows on 3 sizes of a cluster.
func aSeries() *Series {
	s := &Series{Name: "sandbox, native", Cloud: Sandbox, Program: "native classifier", Rows: []int64{1000, 100_000}, Sizes: []int{1, 2, 4}, Runs: 2,
		Date: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Machine: Machine{CPU: "a CPU", Cores: 2}}
	for _, rows := range s.Rows {
		for _, size := range s.Sizes {
			p := Point{Rows: rows, Size: size}
			for i := range s.Runs {
				seconds := float64(rows)/1000/float64(size) + 2 + float64(i)/10
				said := Prediction{Seconds: Exactly(seconds * 1.1)}
				p.Entries = append(p.Entries, Entry{Run: "r", Ended: Done, Job: Job{Rows: rows}, Shape: Shape{Cloud: Sandbox, Hosts: size}, Predicted: &said,
					Actual: Actual{Seconds: seconds, Dollars: seconds * float64(size+1), Phases: map[string]float64{Working: seconds - 1}}})
			}
			s.Points = append(s.Points, p)
		}
	}
	return s
}

func TestSeriesTablesAreTheGoldenFiles(t *testing.T) {
	s := aSeries()
	text, err := s.CSV()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "series.md", s.Heading()+"\n\n"+s.Table().Markdown()+"\n"+s.Accuracy().Markdown())
	golden(t, "series.csv", text)
	if faults := s.Faults(); len(faults) > 0 {
		t.Errorf("faults: %v", faults)
	}
	if knee := s.Knee(100_000); knee != 4 {
		t.Errorf("the knee is at %d", knee)
	}
	s.Simulated = true
	if text := s.Heading() + s.Table().Text(); strings.Count(text, "simulated") != 6 || !strings.Contains(text, "SIMULATED") {
		t.Errorf("it does not say in every cell that it is simulated:\n%s", text)
	}
}

func TestWrongAndMissingRecordsAreReported(t *testing.T) {
	s := aSeries()
	s.Points[0].Entries[0].Job.Rows = 7
	s.Points[1].Entries[0].Actual.Phases[Destroy] = 100
	s.Points[2].Failed = "no capacity"
	s.Points[3].Entries = s.Points[3].Entries[:1]
	s.Points[4].Entries[0].Shape.Hosts = 9
	s.Points[4].Entries[1].Actual.Seconds = 2e9
	s.Points[1].Entries[1].Actual.Seconds = 0
	s.Points[3].Entries[0].Actual.Phases[Working] = -1
	s.Points = s.Points[:5]
	faults := strings.Join(s.Faults(), "\n")
	for _, want := range []string{
		"1 000 rows, size 1: record r: it has 7 rows", "1 000 rows, size 2: record r: its phases take", "1 000 rows, size 4: failed: no capacity",
		"100 000 rows, size 1: 1 of 2 runs",
		"1 000 rows, size 2: 1 of 2 runs", "1 000 rows, size 2: record r: it took no time", "100 000 rows, size 1: record r: its phase work took less than no time",
		"100 000 rows, size 2: record r: it is of size 9", "100 000 rows, size 2: record r: its phases take 51.10 s, all of it 2000000000.00 s", "100 000 rows, size 4: no record",
	} {
		if !strings.Contains(faults, want) {
			t.Errorf("it is not said that %s:\n%s", want, faults)
		}
	}
	if text := s.Table().Text(); !strings.Contains(text, "missing") {
		t.Errorf("a missing cell is hidden:\n%s", text)
	}
}

func TestSeriesAreReadFromTheirFolder(t *testing.T) {
	dir := t.TempDir()
	s := aSeries()
	if err := s.WriteFile(filepath.Join(dir, s.FileName()+".json")); err != nil {
		t.Fatal(err)
	}
	all, err := ReadSeries(dir)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	want, _ := json.Marshal(s)
	if got, _ := json.Marshal(all[0]); string(got) != string(want) {
		t.Errorf("read back it is\n%s\nwant\n%s", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "series-broken.json"), []byte(`{"name": "x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if all, err = ReadSeries(dir); len(all) != 1 || err == nil || !strings.Contains(err.Error(), "series-broken.json") {
		t.Errorf("%v, %v", all, err)
	}
	if err := s.WriteFile(filepath.Join(dir, "series-copy.json")); err != nil {
		t.Fatal(err)
	}
	s.Name, s.Sizes = "none", []int{0, 1}
	if err := s.WriteFile(filepath.Join(dir, "series-none.json")); err != nil {
		t.Fatal(err)
	}
	if all, err = ReadSeries(dir); len(all) != 1 || err == nil || strings.Count(err.Error(), "read series") != 3 {
		t.Errorf("with a copy, and one of no hosts: %v, %v", all, err)
	}
	s = aSeries()
	if _, err := ReadSeries(t.TempDir()); !errors.Is(err, ErrNoSeries) {
		t.Errorf("an empty folder: %v", err)
	}
	if name := s.FileName(); name != "series-sandbox-native" {
		t.Errorf("its file is %s", name)
	}
}
