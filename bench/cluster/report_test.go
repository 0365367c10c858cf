package main

import (
	"strings"
	"testing"
	"time"

	"flashmob/bench"
)

func TestTargetsAreJudgedByMedians(t *testing.T) {
	round := func(hosts int, first, run time.Duration) Round {
		return Round{Hosts: hosts, Up: time.Second, Down: time.Second, First: first, Run: run, Local: time.Second, Sent: 110}
	}
	r := &Report{Packed: 100, Rounds: []Round{
		round(3, time.Second, time.Second), round(3, 9*time.Second, 2*time.Second), round(3, time.Second, 1600*time.Millisecond),
		round(16, 7*time.Second, time.Second),
	}}
	r.Targets = r.targets(16)
	want := []bench.Verdict{bench.Pass, bench.Pass, bench.Pass, bench.Fail, bench.Pass, bench.Fail}
	for i, target := range r.Targets {
		if target.Verdict != want[i] {
			t.Errorf("%+v, want %s", target, want[i])
		}
	}
	err := r.Targets.Missed()
	if err == nil || strings.Count(err.Error(), "missed") != 2 || !strings.Contains(err.Error(), "16 hosts\": missed: 7.00 s") {
		t.Errorf("failed says %v", err)
	}
	if page := r.markdown(); !strings.Contains(page, "1.60 times (1.00–2.00 of 3)") {
		t.Errorf("the page is\n%s", page)
	}
	if r.Rounds = nil; r.targets(16)[0].Verdict != bench.Skipped {
		t.Error("a target without samples is judged")
	}
}

func TestOnlyDownsThatLeaveNothingCount(t *testing.T) {
	if err := proven("destroyed: vpc 1\n0 left, $0.01, 10s\n"); err != nil {
		t.Error(err)
	}
	for _, said := range []string{"", "10 left, $0.01, 10s\n"} {
		if proven(said) == nil {
			t.Errorf("%q counts", said)
		}
	}
}

func TestPhasesAreThoseOfTheRun(t *testing.T) {
	if got := phases("rows     1\ntime     3 s: connect 1 s\nrate 2\n"); got != "3 s: connect 1 s" {
		t.Errorf("%q", got)
	}
}
