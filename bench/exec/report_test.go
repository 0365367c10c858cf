package main

import (
	"strings"
	"testing"
	"time"

	"flashmob/bench"
)

// took returns a record of a contender that took so long.
func took(name string, wall time.Duration) bench.Record {
	return bench.Record{Name: name, Rows: 1000, Output: bench.Same, Samples: []bench.Sample{{Wall: wall}, {Wall: wall}, {Wall: wall}}}
}

func TestTargetsAreHeldAgainstTheBestOfTheOthers(t *testing.T) {
	report := &bench.Report{Records: []bench.Record{
		took("go bare pipe", 100*time.Millisecond), took("go parallel 1M", 900*time.Millisecond),
		took("go flashmob batch", 400*time.Millisecond), took("go flashmob lines", 500*time.Millisecond),
		took("pandas parallel 1M", 4*time.Second), took("pandas parallel 8M", 2*time.Second), took("pandas flashmob batch", 2500*time.Millisecond),
		took("pandas flashmob frames", 1500*time.Millisecond),
	}}
	verdicts := map[string]bench.Target{}
	for _, target := range targets(report) {
		verdicts[target.Name] = target
	}
	for name, want := range map[string]struct {
		measured string
		verdict  bench.Verdict
	}{
		"go flashmob batch against go parallel 1M":          {"2.25", bench.Pass},
		"go flashmob lines against go parallel 1M":          {"1.80", bench.Fail},
		"go flashmob lines against go bare pipe":            {"0.20", bench.Fail},
		"pandas flashmob batch against pandas parallel 8M":  {"0.80", bench.Fail},
		"pandas flashmob frames against pandas parallel 8M": {"1.33", bench.Pass},
		"objects flashmob against objects range requests":   {"objects flashmob: not run", bench.Skipped},
		"pandas flashmob frames against pandas one process": {"pandas one process: not run", bench.Skipped},
		"awk flashmob batch against awk parallel 1M":        {"awk flashmob batch: not run", bench.Skipped},
		"go flashmob frames against go bare pipe":           {"go flashmob frames: not run", bench.Skipped},
	} {
		if got := verdicts[name]; got.Measured != want.measured || got.Verdict != want.verdict {
			t.Errorf("%s: %s, %s; want %s, %s", name, got.Measured, got.Verdict, want.measured, want.verdict)
		}
	}
	report.Targets = targets(report)
	if err := report.Err(); err == nil || strings.Count(err.Error(), "missed") != 3 {
		t.Errorf("got %v, want three that are missed", err)
	}
}

func TestContendersOfAKindRunTheSameProgram(t *testing.T) {
	all := contenders(config{rows: 1000, pandas: 300_000, objects: 1000, only: "*"})
	kinds := map[string]int{}
	for _, one := range all {
		kinds[one.kind]++
		program := map[string]string{"go": "./addfield", "awk": "add.awk", "pandas": "classify.py", "objects": "objects.csv.txt"}[one.kind]
		if !strings.Contains(one.script, program) {
			t.Errorf("%s runs %q", one.Name, one.script)
		}
		if strings.Contains(one.Name, "flashmob") && !strings.Contains(one.script, "--compress none") {
			t.Errorf("%s compresses, and the others do not", one.Name)
		}
	}
	if kinds["go"] < 7 || kinds["awk"] < 6 || kinds["pandas"] < 8 || kinds["objects"] != 3 {
		t.Errorf("contenders by kind: %v", kinds)
	}
	if some := contenders(config{only: "pandas*"}); len(some) != kinds["pandas"] {
		t.Errorf("%d are chosen, want %d", len(some), kinds["pandas"])
	}
}

func TestThePageShowsWhatWasMeasuredAndWhatWasNot(t *testing.T) {
	skipped := bench.Record{Name: "awk bare pipe", Skipped: "mawk is not installed\nat all"}
	report := &bench.Report{Records: []bench.Record{took("go bare pipe", 100*time.Millisecond), skipped}}
	report.Targets = targets(report)
	page := markdown(report)
	for _, want := range []string{"| go bare pipe ", "0.10", "mawk is not installed", "| skipped"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "at all") {
		t.Error("a reason takes more than a line")
	}
}
