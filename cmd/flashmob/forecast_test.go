package main

import (
	"math"
	"runtime"
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

// Slots that share a core each take longer for a row than one that has it: neither is the row dear for that, nor the machine crowded.
func TestMoreSlotsThanCoresMakeNoRowDearer(t *testing.T) {
	cores := runtime.NumCPU()
	busy := func(share float64) time.Duration { return time.Duration(share * float64(cores) * float64(time.Second)) }
	for name, c := range map[string]struct {
		operator   bool
		own        float64 // of all cores
		row, crowd float64
	}{
		"ours": {false, 0.8, 0.8 * float64(cores) / 1000, 1.25}, "a user's": {true, 0.8, float64(cores) / 1000, 1},
		"one that waits": {true, 0.05, 8 * float64(cores) / 1000, 1},
	} {
		trial := orchestrator.Trial{Rows: 1000, Took: time.Second, Own: busy(c.own)}
		if c.own > 0.5 {
			trial.Others = busy(1 - c.own)
		}
		sampled := orchestrator.Sampled{Slots: 8 * cores, Operator: c.operator, Rows: 1000, Trials: []orchestrator.Trial{trial}}
		row, crowd := jobOf(sampled, manifest.Run{}).Row.Value, crowd(sampled)
		if math.Abs(row/c.row-1) > 0.01 || math.Abs(crowd/c.crowd-1) > 0.01 {
			t.Errorf("%s: a row takes %.3g s, want %.3g; it is %.2f times as long as alone, want %.2f", name, row, c.row, crowd, c.crowd)
		}
	}
}
