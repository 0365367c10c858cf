package main

import (
	"testing"
	"time"

	"flashmob/manifest"
	"flashmob/orchestrator"
)

// Starts and rows of a user's own program are told apart where trials allow it; else rows are not taken for free.
func TestJobTellsStartsFromRows(t *testing.T) {
	for name, c := range map[string]struct {
		first, large time.Duration
		row, begin   float64 // seconds
	}{
		"rows take long":                     {time.Second, 3 * time.Second, 0.004, 0.99},
		"starts differ by more than rows do": {2 * time.Second, 1900 * time.Millisecond, 0.00076, 1.52},
	} {
		sampled := orchestrator.Sampled{Slots: 2, Operator: true, Rows: 1000, Trials: []orchestrator.Trial{
			{Rows: 4, Took: c.first}, {Rows: 4, Took: c.first}, {Rows: 1000, Took: c.large}, {Rows: 1000, Took: c.large},
		}}
		job := jobOf(sampled, manifest.Run{})
		if job.Row.Value < 0.99*c.row || job.Row.Value > 1.01*c.row || job.Begin.Value < 0.99*c.begin || job.Begin.Value > 1.01*c.begin {
			t.Errorf("%s: a row takes %.2g s, want %.2g; a start %.2f s, want %.2f", name, job.Row.Value, c.row, job.Begin.Value, c.begin)
		}
	}
}
