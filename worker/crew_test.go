package worker

import (
	"log/slog"
	"testing"
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
