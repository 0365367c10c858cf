package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashmob/bench"
)

var update = flag.Bool("update", false, "write the table of docs/cost-model.md anew")

// The page shows the record, and the record says that plans are right within a fifth.
func TestPageShowsHowRightPlansWere(t *testing.T) {
	r, err := read("../results/foretold.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.failed(); err != nil {
		t.Error(err)
	}
	places := map[string]int{}
	for _, o := range r.Outcomes {
		places[o.Place]++
		for _, e := range append(o.Taught, o.Runs...) {
			if e.Ended != bench.Done || e.Actual.Seconds <= 0 || e.Job.Rows <= 0 {
				t.Errorf("%s, %s: run %s cannot be: %+v", o.Place, o.Program, e.Run, e.Actual)
			}
		}
	}
	if places[bench.Local] < 4 {
		t.Errorf("there are %d programs that ran here, want four or more", places[bench.Local])
	}
	const path, begin, end = "../../docs/cost-model.md", "<!-- foretold:begin -->\n", "<!-- foretold:end -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", path)
	}
	want := head + begin + r.table().Markdown() + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s does not have the table that the record makes (go test ./bench/foretold -update)", path)
	}
}

// told is a case whose calibrated plan said so many seconds, and whose runs took so many.
func told(place, program string, said float64, took ...float64) outcome {
	o := outcome{Program: program, Place: place, Rows: 1000, Size: 2, Before: bench.Prediction{Seconds: bench.Exactly(2 * said)},
		After: bench.Prediction{Seconds: bench.Exactly(said)}, Taught: []bench.Entry{{Job: bench.Job{Rows: 100}}}}
	for _, seconds := range took {
		o.Runs = append(o.Runs, bench.Entry{Actual: bench.Actual{Seconds: seconds}})
	}
	return o
}

func TestWrongPlansAreNamed(t *testing.T) {
	r := &record{Outcomes: []outcome{told(bench.Local, "a", 10, 11, 9, 10.5), told(bench.Sandbox, "b", 10, 14, 15, 20), told(bench.Local, "c", 10, 11, 30, 31)}}
	err := r.failed()
	if err == nil || err.Error() != "plans were wrong: sandbox, b: off by -33 %" {
		t.Errorf("%v", err)
	}
	table := r.table().Text()
	for _, want := range []string{"2 hosts in the sandbox", "2 workers here", "+90 %", "9.00 s–11.0 s of 3", "-5 %", "100 rows"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}
}

func TestRecordKeepsTheNewestOfEachCase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results", "foretold.json")
	if _, err := read(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of no file: %v", err)
	}
	r := new(record)
	for _, o := range []outcome{told(bench.Local, "a", 1, 1), told(bench.Sandbox, "a", 2, 2), told(bench.Local, "a", 3, 3)} {
		r.put(o)
	}
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := read(path)
	if err != nil || len(got.Outcomes) != 2 || got.Outcomes[0].After.Seconds.Value != 3 || got.Outcomes[1].Runs[0].Actual.Seconds != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := read(path); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("of a broken file: %v", err)
	}
}

func TestCasesAreOfAllProgramsInBothPlaces(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range cases() {
		if q.taught <= 0 || q.asked < 4*q.taught || seen[q.description] {
			t.Errorf("%+v", q)
		}
		seen[q.description] = true
	}
	if len(seen) != 2*len(programs) {
		t.Errorf("%d cases of %d programs", len(seen), len(programs))
	}
}
