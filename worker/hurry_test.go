package worker

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
)

// A worker that lives, says so, and is very slow keeps nobody waiting: what it holds goes to one that is idle, what it has not begun
// it does not begin, and what it makes in the end comes second.
func TestNobodyWaitsForASlowWorker(t *testing.T) {
	s := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(2000))}, slots: 1, batchRows: 100}
	want := s.results(t)

	var calls atomic.Int32
	stuck, free := make(chan struct{}), make(chan struct{})
	slow := func(string, json.RawMessage) (*flow.Flow, error) {
		return flow.New("tag", flow.CSV).Column("TAG", func(dst, record []byte) ([]byte, error) {
			if calls.Add(1) == 150 { // in the middle of a batch, with another that waits
				close(stuck)
				<-free
			}
			return appendTag(dst, record), nil
		}), nil
	}
	s.listen, s.dir = "127.0.0.1:0", filepath.Join(t.TempDir(), "out")
	in := s.open(t)
	group, ctx := errgroup.WithContext(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{Name: "slow", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: slow})
	}()
	group.Go(func() error { return in.Run(ctx) })
	<-stuck
	group.Go(func() error {
		return Run(ctx, Config{Name: "idle", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: s.makeFlow})
	})
	if err := group.Wait(); err != nil { // the slow one is still at it
		t.Fatal(err)
	}
	status := in.Status()
	if begun := calls.Load(); begun != 150 {
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

func TestABatchIsGivenUpOnce(t *testing.T) {
	var k keeper
	fresh, second := new(message), new(message)
	k.add(fresh, false)
	k.add(second, true)
	if n := k.giveUp(time.Hour); n != 0 || k.late() {
		t.Errorf("%d were given up that were held for no time", n)
	}
	if n := k.giveUp(0); n != 1 || !k.late() || !k.gave(fresh) || k.gave(second) {
		t.Errorf("%d were given up, want the one that nobody had before", n)
	}
	if n := k.giveUp(0); n != 0 || fresh.naks != 1 || second.naks != 0 {
		t.Errorf("%d were given up again", n)
	}
	k.renew()
	if fresh.renewals != 0 || second.renewals != 1 {
		t.Error("what was given up is held on to, or what was not is let go")
	}
	k.remove(fresh)
	if k.late() || k.gave(fresh) {
		t.Error("it holds nothing that it gave up")
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
