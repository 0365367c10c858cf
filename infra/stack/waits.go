package stack

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flashmob/infra"
)

// firstWord is after how long of silence to say first what the engine waits for. Every further word comes after twice as
// long, at most after lastWord, so that logs stay short.
const (
	firstWord = 5 * time.Second
	lastWord  = time.Minute
)

// waits are the engine's steps under way, and when to say that they are.
type waits struct {
	steps  []wait
	pause  time.Duration
	silent *time.Timer
}

// A wait is one step under way.
type wait struct {
	step  infra.Event
	began time.Time
}

func newWaits(first time.Duration) *waits {
	return &waits{pause: first, silent: time.NewTimer(first)}
}

// saw notes a step's begin or end.
func (w *waits) saw(e infra.Event) {
	same := func(other wait) bool {
		return other.step.Step == e.Step && other.step.Kind == e.Kind && other.step.Name == e.Name
	}
	w.steps = slices.DeleteFunc(w.steps, same)
	if !e.Done {
		w.steps = append(w.steps, wait{e, e.At})
	}
	w.silent.Reset(w.pause)
}

// word is what to say when nothing has happened for a while; there may be nothing.
func (w *waits) word(now time.Time) (infra.Event, bool) {
	w.pause = min(2*w.pause, lastWord)
	w.silent.Reset(w.pause)
	if len(w.steps) == 0 {
		return infra.Event{}, false
	}
	var what []string
	next := "what comes after them"
	for _, s := range w.steps {
		what = append(what, fmt.Sprintf("%s %s %s for %s", s.step.Step, s.step.Kind, s.step.Name, now.Sub(s.began).Round(time.Second)))
		switch {
		case s.step.Kind == "Instance" && strings.HasPrefix(s.step.Step, "create"):
			next = "log in and upload the worker"
		case strings.HasPrefix(s.step.Step, "delete"):
			next = "ask the account what is left"
		}
	}
	return infra.Event{At: now, Step: "waiting", Detail: strings.Join(what, ", ") + "; then " + next}, true
}
