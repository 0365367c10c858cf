package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"flashmob/worker"
)

// A program that hangs is killed after its time-out, which may be long: that nothing comes is said before, not all the time.
func TestAProgramThatGivesNothingIsTalkedOfNowAndThen(t *testing.T) {
	var out, err bytes.Buffer
	d := newDisplay(&out, &err, displayFlags{})
	for _, waited := range []time.Duration{0, 30, 31, 59, 60, 61, 100, 0, 30} { // seconds
		s := worker.Status{Slots: 2, Workers: []worker.WorkerState{{Name: "worker", Slots: 2, Busy: 2}}}
		if waited > 0 {
			s.Workers[0].Program = &worker.ProgramWait{Slot: 2, For: waited * time.Second}
		}
		d.mind(s)
	}
	said := strings.Count(err.String(), "a program gives nothing: --timeout says how long")
	if said != 3 || !strings.Contains(err.String(), "(worker worker, slot 2, waited 1m0s)") {
		t.Errorf("said %d times, want 3:\n%s", said, &err)
	}
}
