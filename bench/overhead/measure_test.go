package main

import (
	"io"
	"path/filepath"
	"testing"

	"flashmob/bench"
)

func TestMeasureRunsEveryContenderEveryRound(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds flashmob twice")
	}
	file := filepath.Join(t.TempDir(), "overhead.json")
	report, err := measure(t.Context(), Config{Rows: 200_000, Rounds: 6, Workers: 2, Results: file, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Records {
		if len(r.Samples) != 6 || r.Output != bench.Same {
			t.Errorf("%s: %+v", r.Name, r)
		}
	}
	if len(report.Records) != 3 || len(report.Targets) != 2 {
		t.Errorf("it is %+v", report)
	}
}
