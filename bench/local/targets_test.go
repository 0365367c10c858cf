package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"flashmob/bench"
)

var update = flag.Bool("update", false, "write the golden files anew")

// timed is a record of three runs around a wall time.
func timed(name, against string, rows int, wall time.Duration, peak int64) bench.Record {
	r := bench.Record{Name: name, Against: against, Rows: rows, OutputBytes: 125_000_000, Output: bench.Same}
	for _, extra := range []time.Duration{0, -10 * time.Millisecond, 90 * time.Millisecond} {
		r.Samples = append(r.Samples, bench.Sample{Wall: wall + extra, User: 2 * wall, System: wall / 10, Peak: peak})
	}
	return r
}

// fabricated is a report where every verdict occurs.
func fabricated() *bench.Report {
	const rows = 2_000_000
	broken := timed("limit-zstd", "limit", rows, 1500*time.Millisecond, 15<<20)
	broken.Output = bench.Wrong
	report := &bench.Report{
		Date:     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Machine:  bench.Machine{CPU: "Some Processor", Cores: 2, Memory: 24 << 30, Load: "0.10 0.20 0.30 1/90 1234"},
		Versions: map[string]string{"go": "go1.26.8", "commit": "abcdef0"},
		Records: []bench.Record{
			timed("limit", "limit", rows, 1860*time.Millisecond, 15<<20),
			timed("flashmob", "limit", rows, 2*time.Second, 200<<20),
			timed("flashmob-processes", "limit", rows, 2500*time.Millisecond, 350<<20),
			broken,
			timed("parallel-pipepart", "limit", rows, 3400*time.Millisecond, 70<<20),
			timed("parallel-own-gzip-4M", "limit", rows, 2600*time.Millisecond, 70<<20),
			timed("parallel-own-gzip-16M", "limit", rows, 2500*time.Millisecond, 70<<20),
			timed("flashmob-0-rows", "", 0, 149*time.Millisecond, 20<<20),
			timed("flashmob-big", "", 10*rows, 20*time.Second, 241<<20),
			{Name: "parallel-pipe", Rows: rows, Skipped: "GNU parallel is not installed"},
			{Name: "flashmob-slowness-1", Rows: rows, Failed: "run flashmob: exit status 1: no space left on device"},
		},
	}
	report.Targets = targets(report, os.DevNull)
	return report
}

func TestPage(t *testing.T) {
	got := markdown(fabricated())
	path := filepath.Join("testdata", "page.md.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("page:\n%s\nwant (go test -update writes it anew)\n%s", got, want)
	}
}

func TestAWrongOutputFailsItsTargets(t *testing.T) {
	report := fabricated()
	report.Records[1].Output = bench.Wrong // flashmob, fast as it is
	for _, target := range targets(report, os.DevNull)[:1] {
		if target.Verdict != bench.Fail {
			t.Errorf("%s: %s, %s", target.Name, target.Verdict, target.Measured)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
