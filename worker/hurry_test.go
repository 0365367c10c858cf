package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// A worker that lives, says so, and is very slow keeps nobody waiting, however long its batches have taken before: what it holds goes
// to one that is idle, what it has not begun it does not begin, and what it makes in the end comes second.
func TestNobodyWaitsForASlowWorker(t *testing.T) {
	s := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(2000))}, slots: 1, batchRows: 400} // with one done, all others are out
	want := s.results(t)

	var calls atomic.Int32
	stuck, free := make(chan struct{}), make(chan struct{})
	slow := func(string, json.RawMessage) (*flow.Flow, error) {
		return flow.New("tag", flow.CSV).Column("TAG", func(dst, record []byte) ([]byte, error) {
			if calls.Add(1) == 600 { // in the middle of a batch, with another that waits
				close(stuck)
				<-free
			}
			return appendTag(dst, record), nil
		}), nil
	}
	s.listen, s.dir = "127.0.0.1:0", filepath.Join(t.TempDir(), "out")
	in := s.open(t)
	limited, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, errors.New("somebody waits for the slow worker"))
	defer cancel()
	group, ctx := errgroup.WithContext(limited)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{Name: "slow", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: slow})
	}()
	group.Go(func() error { return in.Run(ctx) })
	<-stuck
	for !in.Status().Fed && ctx.Err() == nil { // nothing tells
		runtime.Gosched()
	}
	for range 8 {
		in.crew.credit(Part{Worker: "slow", Took: time.Hour, Batch: Batch{Kind: manifest.Records}}, false)
		in.pace.observe(time.Hour)
	}
	in.crew.credit(Part{Worker: "idle", Took: time.Millisecond, Batch: Batch{Kind: manifest.Records}}, false)
	group.Go(func() error {
		return Run(ctx, Config{Name: "idle", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: s.makeFlow})
	})
	if err := group.Wait(); err != nil { // the slow one is still at it
		t.Fatal(err, context.Cause(limited))
	}
	status := in.Status()
	if begun := calls.Load(); begun != 600 {
		t.Errorf("the slow worker has begun %d records", begun)
	}
	close(free)
	if err := <-ended; err != nil {
		t.Logf("the slow worker: %v", err) // the run was over before it was done
	}
	m, err := in.Folder.Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, m.Results))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs at byte %d", difference(got, want))
	}
	kinds := map[string]int{}
	for _, one := range status.Incidents {
		kinds[one.Kind]++
	}
	if kinds[IncidentHurried] != 1 || status.Retried == 0 || kinds[IncidentLost] != 0 {
		t.Errorf("%d batches were handed out again; incidents are %v", status.Retried, kinds)
	}
}

// message is one of the log's that notes what becomes of it.
type message struct {
	jetstream.Msg
	naks, renewals int
}

func (m *message) Nak() error        { m.naks++; return nil }
func (m *message) InProgress() error { m.renewals++; return nil }

func TestWhatIsGivenUpIsNotHeldOnTo(t *testing.T) {
	var k keeper
	fresh, begun, second := new(message), new(message), new(message)
	k.add(fresh, 1, 1)
	k.add(begun, 2, 1)
	k.add(second, 3, 2)
	if !k.begin(begun) {
		t.Error("a batch that is held may not be begun")
	}
	if n := k.giveUp(0); n != 0 || k.late() {
		t.Errorf("%d were given up that were held for no time", n)
	}
	if !k.holds(1) || !k.holds(2) || !k.holds(3) || k.holds(4) {
		t.Error("it holds other batches than it was given")
	}
	for _, h := range k.held {
		h.since = h.since.Add(-time.Minute)
	}
	if n := k.giveUp(40 * time.Second); n != 1 || !k.late() || k.begin(fresh) {
		t.Errorf("%d were given up, want the one that waits and that nobody had before", n)
	}
	if k.holds(1) || !k.holds(2) || !k.holds(3) {
		t.Error("it holds what it gave up")
	}
	if n := k.giveUp(40 * time.Second); n != 0 || fresh.naks != 1 {
		t.Errorf("%d were given up again", n)
	}
	k.renew()
	if fresh.renewals != 0 || begun.renewals != 1 || second.renewals != 1 {
		t.Error("what was given up is held on to, or what was not is let go")
	}
	k.did(3)
	if k.remove(second); !k.holds(3) {
		t.Error("it has forgotten what it did")
	}
	k.remove(fresh)
	if k.late() || k.begin(fresh) {
		t.Error("it holds nothing that it gave up")
	}
}

// What a slow worker holds is left to it for as long as others would take, twice that where it has begun, and at least a second.
func TestABatchIsOverdueWhenTheIdleWouldBeDone(t *testing.T) {
	now := time.Now()
	const never = -1
	for _, c := range []struct {
		took, held, begun time.Duration // begun: how long ago
		handed            uint64
		want              bool
	}{
		{took: 100 * time.Millisecond, held: 900 * time.Millisecond, begun: never, handed: 1},
		{took: 100 * time.Millisecond, held: 1100 * time.Millisecond, begun: never, handed: 1, want: true},
		{took: 100 * time.Millisecond, held: 2 * time.Second, begun: 900 * time.Millisecond, handed: 1},
		{took: 100 * time.Millisecond, held: 2 * time.Second, begun: 1100 * time.Millisecond, handed: 1, want: true},
		{took: 5 * time.Second, held: 4 * time.Second, begun: never, handed: 1},
		{took: 5 * time.Second, held: 6 * time.Second, begun: never, handed: 1, want: true},
		{took: 5 * time.Second, held: 9 * time.Second, begun: 9 * time.Second, handed: 1},
		{took: 5 * time.Second, held: 11 * time.Second, begun: 11 * time.Second, handed: 1, want: true},
		{took: 5 * time.Second, held: 15 * time.Second, begun: 15 * time.Second, handed: 2},
		{took: 5 * time.Second, held: 21 * time.Second, begun: 21 * time.Second, handed: 2, want: true},
		{held: 2 * time.Second, begun: never, handed: 0, want: true}, // nobody has done any
	} {
		h := holding{since: now.Add(-c.held), handed: c.handed}
		if c.begun != never {
			h.begun = now.Add(-c.begun)
		}
		if got := h.overdue(c.took, now); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

func TestSlowWorkersSayNothingOfTheIdle(t *testing.T) {
	for name, c := range map[string]struct {
		took  map[string]time.Duration
		slots map[string]int
		want  time.Duration
	}{
		"nobody":        {nil, nil, 0},
		"one":           {map[string]time.Duration{"a": 3}, map[string]int{"a": 2}, 3},
		"half are slow": {map[string]time.Duration{"a": 30, "b": 3}, map[string]int{"a": 2, "b": 2}, 3},
		"most are slow": {map[string]time.Duration{"a": 30, "b": 3}, map[string]int{"a": 4, "b": 2}, 30},
		"one is huge":   {map[string]time.Duration{"a": 30, "b": 3, "c": 40}, map[string]int{"a": 1, "b": 64, "c": 1}, 3},
	} {
		var crew crew
		for worker, took := range c.took {
			crew.credit(Part{Worker: worker, Took: took, Batch: Batch{Kind: manifest.Records}}, true)
			crew.of(worker).Slots = c.slots[worker]
		}
		if got := crew.pace(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestOnlyAnotherWorkerCanBeIdle(t *testing.T) {
	for name, c := range map[string]struct {
		members []WorkerState
		want    bool
	}{
		"nobody":          {nil, false},
		"one, half busy":  {[]WorkerState{{Name: "a", Slots: 2, Busy: 1}}, false},
		"all busy":        {[]WorkerState{{Name: "a", Slots: 1, Busy: 1}, {Name: "b", Slots: 1, Busy: 1}}, false},
		"one idle":        {[]WorkerState{{Name: "a", Slots: 1, Busy: 1}, {Name: "b", Slots: 1}}, true},
		"more than slots": {[]WorkerState{{Name: "a", Slots: 1, Busy: 4}, {Name: "b", Slots: 2}}, true},
		"the idle lost":   {[]WorkerState{{Name: "a", Slots: 1, Busy: 1}, {Name: "b", Slots: 1, Lost: true}}, false},
	} {
		var crew crew
		for _, state := range c.members {
			crew.of(state.Name).WorkerState = state
		}
		if got := crew.idle(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
