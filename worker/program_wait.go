package worker

import (
	"fmt"
	"sync"
	"time"
)

// LongWait is how long a slot waits for its program before it says so: the program may well hang, and its time-out be far.
const LongWait = 30 * time.Second

// ProgramWait says that a slot has waited long for its program.
type ProgramWait struct {
	Slot int           `json:"slot"` // of the worker, from 1
	For  time.Duration `json:"for"`
}

// asked knows since when a slot's operator has given nothing. Safe for concurrent use.
type asked struct {
	mu    sync.Mutex
	open  int       // bundles that the operator has
	since time.Time // it last gave something, or had nothing to do
}

func (a *asked) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == 0 {
		a.since = time.Now()
	}
	a.open++
}

func (a *asked) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
	a.since = time.Now()
}

// waited returns how long the slot has waited for anything; 0 where it does not wait.
func (a *asked) waited() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == 0 {
		return 0
	}
	return time.Since(a.since)
}

// longest returns the slot that has waited longest for its operator, of those that have waited long; nil where none has.
func longest(slots []*lanes) (most *ProgramWait) {
	for i, l := range slots {
		if d := l.waited(); d >= LongWait && (most == nil || d > most.For) {
			most = &ProgramWait{Slot: i + 1, For: d}
		}
	}
	return most
}

// Unanswered returns the worker that has waited longest for a program, and how long; nil where none has waited long.
func (s Status) Unanswered() (worker string, most *ProgramWait) {
	for _, w := range s.Workers {
		if p := w.Program; p != nil && !w.Lost && (most == nil || p.For > most.For) {
			worker, most = w.Name, p
		}
	}
	return worker, most
}

// waitsForProgram says that the run waits for a program, and what to do about it; "" where it does not.
func waitsForProgram(s Status) string {
	worker, most := s.Unanswered()
	if most == nil {
		return ""
	}
	return fmt.Sprintf("for the program of slot %d of %s, for %v; --timeout says how long it may take over a batch", most.Slot, worker, most.For.Round(time.Second))
}
