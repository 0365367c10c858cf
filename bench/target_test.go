package bench

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// at is a record of a contender that takes so long for a thousand rows.
func at(name string, wall time.Duration) Record {
	return Record{Name: name, Rows: 1000, Output: Same, Samples: []Sample{{Wall: wall}}}
}

func TestAtLeast(t *testing.T) {
	wrong, failed := at("wrong", time.Second), Record{Name: "failed", Failed: "exit status 1\nand why"}
	wrong.Output = Wrong
	report := &Report{Records: []Record{at("ours", time.Second), at("theirs", 3*time.Second), wrong, failed, {Name: "absent", Skipped: "not installed\nat all"}}}
	for _, test := range []struct {
		against  string
		times    float64
		measured string
		verdict  Verdict
	}{
		{"theirs", 3, "3.00", Pass},
		{"theirs", 3.01, "3.00", Fail},
		{"wrong", 1, "wrong: wrong: its output differs", Fail},
		{"failed", 1, "failed: wrong: exit status 1", Fail},
		{"absent", 1, "absent: not installed", Skipped},
		{"never heard of", 1, "never heard of: not run", Skipped},
	} {
		got := report.AtLeast("ours", test.times, test.against)
		if got.Measured != test.measured || got.Verdict != test.verdict || got.Name != "ours against "+test.against {
			t.Errorf("against %s: %+v", test.against, got)
		}
	}
}

func TestFastest(t *testing.T) {
	wrong := at("parallel-1M", time.Millisecond)
	wrong.Output = Wrong
	report := &Report{Records: []Record{at("limit", time.Microsecond), at("parallel-4M", 3*time.Second), at("parallel-16M", 2*time.Second), wrong}}
	if got := report.Fastest("parallel-"); got != "parallel-16M" {
		t.Errorf("fastest: %s", got)
	}
	if got := report.Fastest("duckdb"); got != "duckdb" {
		t.Errorf("of none: %s", got)
	}
}

func TestErrNamesAllThatIsMissedOrWrong(t *testing.T) {
	wrong := at("limit", time.Second)
	wrong.Output = Wrong
	report := &Report{
		Targets: Targets{{Name: "fast", Measured: "0.5", Verdict: Fail}, {Name: "small", Verdict: Skipped}, {Name: "right", Verdict: Pass}},
		Records: []Record{wrong, {Name: "parallel", Failed: "exit status 1"}, {Name: "duckdb", Skipped: "not installed"}},
	}
	err := report.Err()
	if err == nil || !errors.Is(err, ErrWrong) || strings.Count(err.Error(), "\n") != 2 {
		t.Fatalf("got %v, want three lines", err)
	}
	for _, want := range []string{`"fast": missed: 0.5`, "limit: wrong", "parallel: wrong: exit status 1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	report = &Report{Targets: report.Targets[1:], Records: report.Records[2:]}
	if err := report.Err(); err != nil {
		t.Errorf("what is skipped is an error: %v", err)
	}
}
