package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flashmob/bench"
	"flashmob/flow"
	"flashmob/infra"
	"flashmob/worker"
)

// aboard plays a run with limits on so many hosts whose clock is its own: fn looks at it. Nothing is made; what the
// steersman would make the cluster's size is in resized, what it says in said.
func aboard(t *testing.T, limits bench.Limits, hosts int, fn func(s *steersman, resized *[]int, said *strings.Builder)) {
	t.Helper()
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudFlags{}
		now := time.Now()
		record := infra.Record{State: infra.Up, Spec: infra.Spec{Size: hosts, Type: "c5.xlarge", Region: defaultRegion}.WithDefaults()}
		for range hosts {
			record.Hosts = append(record.Hosts, infra.Life{Host: "worker", Placement: infra.Placement{Type: "c5.xlarge"}, DiskGB: 20, From: now})
		}
		if err := os.MkdirAll(filepath.Dir(cloud.files().Record()), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := record.Write(cloud.files().Record()); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		var resized []int
		show := newDisplay(&said, &said, displayFlags{})
		show.record = &reckoning{entry: bench.Entry{Shape: bench.Shape{HostRate: 0.2, MetricsRate: 0.05}}}
		s := &steersman{
			limits: limits, most: 16, begun: now, prices: infra.ListPrices(), record: show.record, show: show, join: 10 * time.Second, end: steerEvery,
			settled: now.Add(steerSettle), busy: make(chan struct{}, 1), resize: func(_ context.Context, hosts int) { resized = append(resized, hosts) },
		}
		fn(s, &resized, &said)
		s.resizing.Wait()
	})
}

// working is the status of a run that has gathered something.
func working() worker.Status { return worker.Status{Tally: flow.Tally{In: 100}} }

// pass lets time pass, a look every half second, while the run says it has so long to go.
func pass(s *steersman, d time.Duration, left time.Duration, drain func()) {
	for range d / (500 * time.Millisecond) {
		time.Sleep(500 * time.Millisecond)
		s.look(context.Background(), working(), left, drain)
		synctest.Wait()
	}
}

func TestSteersmanGrowsOnceItIsSure(t *testing.T) {
	aboard(t, bench.Limits{Deadline: 10 * time.Minute, Budget: 5}, 2, func(s *steersman, resized *[]int, said *strings.Builder) {
		pass(s, 5*time.Second, 30*time.Minute, nil)
		if len(*resized) > 0 {
			t.Errorf("it grew to %v before the forecast had settled", *resized)
		}
		pass(s, 10*time.Second, 30*time.Minute, nil)
		if len(*resized) != 1 || (*resized)[0] < 6 || (*resized)[0] > 8 {
			t.Errorf("it grew to %v, want once, to about 7", *resized)
		}
		if !strings.Contains(said.String(), "decided: grow to ") || !strings.Contains(said.String(), "with 2 hosts the results will be 2") || !s.record.entry.Resized ||
			len(s.record.entry.Decisions) != 1 {
			t.Errorf("it says %q and keeps %q", said, s.record.entry.Decisions)
		}
	})
}

func TestSteersmanShrinksWhatIsNotNeeded(t *testing.T) {
	aboard(t, bench.Limits{Deadline: 3 * time.Hour}, 8, func(s *steersman, resized *[]int, said *strings.Builder) {
		pass(s, 12*time.Second, 20*time.Minute, nil)
		if len(*resized) != 1 || (*resized)[0] != 1 || !strings.Contains(said.String(), "decided: shrink to 1") {
			t.Errorf("it shrank to %v, and says %q", *resized, said)
		}
	})
}

func TestOneOddForecastMovesNoHosts(t *testing.T) {
	aboard(t, bench.Limits{Deadline: 10 * time.Minute}, 2, func(s *steersman, resized *[]int, _ *strings.Builder) {
		pass(s, 8*time.Second, 9*time.Minute, nil)
		for range 5 {
			pass(s, steerEvery, time.Hour, nil)
			pass(s, steerEvery, 9*time.Minute, nil)
		}
		if len(*resized) > 0 {
			t.Errorf("it made %v of 2 hosts", *resized)
		}
	})
}

func TestDeadlineThatCannotBeKeptIsSaidOnceAMinute(t *testing.T) {
	aboard(t, bench.Limits{Deadline: time.Minute}, 2, func(s *steersman, resized *[]int, said *strings.Builder) {
		pass(s, 150*time.Second, 10*time.Hour, nil)
		if n := strings.Count(said.String(), "no number of hosts up to 16 helps any more"); n < 2 || n > 3 || len(*resized) > 0 {
			t.Errorf("it is said %d times in 150 s, and the size became %v:\n%s", n, *resized, said)
		}
		if err := s.outcome(nil); err != nil || !strings.Contains(said.String(), "the deadline was missed (by 1m30s)") {
			t.Errorf("the end: %v, %q", err, said)
		}
	})
}

// Money is spent before the first status; the deadline cannot be judged then.
func TestBudgetIsKeptBeforeAnythingIsKnown(t *testing.T) {
	aboard(t, bench.Limits{Deadline: time.Second, Budget: 0.02}, 2, func(s *steersman, resized *[]int, said *strings.Builder) {
		drained := 0
		for range 600 { // five minutes
			time.Sleep(500 * time.Millisecond)
			s.look(context.Background(), worker.Status{}, -1, func() { drained++ })
		}
		if drained != 1 || len(*resized) > 0 || !strings.Contains(said.String(), "decided: stop") {
			t.Errorf("it was stopped %d times, the size became %v, and it says %q", drained, *resized, said)
		}
		err := s.outcome(errInterrupted)
		if err == nil || !strings.Contains(err.Error(), "the budget is used up") {
			t.Errorf("the end: %v", err)
		}
	})
}
