package worker

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"flashmob/input"
)

func TestWorkersThatLeaveWithTheRunAreNotLost(t *testing.T) {
	c := crew{events: new(incidents)}
	for _, name := range []string{"stays", "leaves early"} {
		c.hear(Beat{Worker: name, Slots: 1}, slog.New(slog.DiscardHandler))
	}
	c.hear(Beat{Worker: "leaves early", Slots: 1, Leaves: true}, slog.New(slog.DiscardHandler))
	c.dismissed()
	c.hear(Beat{Worker: "stays", Slots: 1, Leaves: true}, slog.New(slog.DiscardHandler))
	for _, state := range c.states() {
		if want := state.Name == "leaves early"; state.Lost != want || state.Heard.IsZero() {
			t.Errorf("%s: lost %v, want %v", state.Name, state.Lost, want)
		}
	}
	if there, _ := c.present(); len(there) != 0 {
		t.Errorf("%q are still there", there)
	}
	if _, count := c.events.all(); count(IncidentLeft) != 1 || count(IncidentLost) != 0 {
		t.Errorf("%d left and %d were lost, want one and none", count(IncidentLeft), count(IncidentLost))
	}
}

// Where those who are there hold all that may be out, and are not done with any of it, who comes gets work all the same.
func TestWhoComesMakesRoom(t *testing.T) {
	in := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(1))}, dir: filepath.Join(t.TempDir(), "out")}.open(t)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() {
		if err := in.crew.watch(ctx, in.nc, in.Log); err != nil {
			t.Error(err)
		}
	})
	for in.window.count() < in.limit() {
		if err := in.window.enter(ctx, nil, in.limit); err != nil {
			t.Fatal(err)
		}
	}
	entered := make(chan error)
	all.Go(func() { entered <- in.window.enter(ctx, nil, in.limit) })
	beat, err := json.Marshal(Beat{Worker: "new", Slots: 8})
	if err != nil {
		t.Fatal(err)
	}
	for known := false; !known; { // what is said before somebody listens is lost
		if err := in.nc.Publish(beatSubject, beat); err != nil {
			t.Fatal(err)
		}
		known = in.crew.alive(time.Now().Add(-time.Minute), []string{"new"})
	}
	select {
	case err := <-entered:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the feeder is not told")
		stop()
		<-entered
	}
}
