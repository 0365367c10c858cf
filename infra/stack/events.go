package stack

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"flashmob/infra"
)

// A watcher turns the engine's events into the operator's and gathers the errors among them.
type watcher struct {
	events  chan events.EngineEvent
	stop    chan struct{}
	ended   chan struct{}
	errs    []string
	counts  map[string]int // operations done, "create" → 9
	planned []string       // "create instance workers-2"
	waits   *waits

	refreshing bool // has been said
}

func watch(notify func(infra.Event)) *watcher { return watchFrom(firstWord, notify) }

// watchFrom is watch that says what the engine waits for after another time of silence.
func watchFrom(silence time.Duration, notify func(infra.Event)) *watcher {
	w := &watcher{
		events: make(chan events.EngineEvent, 256), stop: make(chan struct{}), ended: make(chan struct{}),
		counts: map[string]int{}, waits: newWaits(silence),
	}
	go w.run(notify)
	return w
}

func (w *watcher) run(notify func(infra.Event)) {
	defer close(w.ended)
	defer w.waits.silent.Stop()
	for {
		select {
		case now := <-w.waits.silent.C:
			if word, any := w.waits.word(now); any && notify != nil {
				notify(word)
			}
		case e, ok := <-w.events:
			if !ok {
				return
			}
			w.see(e.EngineEvent, notify)
		case <-w.stop:
			for { // what came in before the stop
				select {
				case e, ok := <-w.events:
					if !ok {
						return
					}
					w.see(e.EngineEvent, notify)
				default:
					return
				}
			}
		}
	}
}

// close waits until every event that came in was seen. The engine is not to send any more.
func (w *watcher) close() {
	close(w.stop)
	<-w.ended
}

func (w *watcher) see(e apitype.EngineEvent, notify func(infra.Event)) {
	switch {
	case e.DiagnosticEvent != nil && e.DiagnosticEvent.Severity == "error":
		w.fault(e.DiagnosticEvent)
	case e.ResourcePreEvent != nil:
		w.tell(e.ResourcePreEvent.Metadata, false, notify)
	case e.ResOutputsEvent != nil:
		if strings.HasPrefix(e.ResOutputsEvent.Metadata.Type, "aws:") {
			w.counts[string(e.ResOutputsEvent.Metadata.Op)]++
		}
		w.tell(e.ResOutputsEvent.Metadata, true, notify)
	}
}

func (w *watcher) fault(d *apitype.DiagnosticEvent) {
	text := strings.TrimSpace(d.Message)
	if text == "" || strings.Contains(text, "update failed") {
		return // the sum of the other errors
	}
	if i := strings.LastIndex(d.URN, "::"); i >= 0 {
		text = d.URN[i+2:] + ": " + text
	}
	w.errs = append(w.errs, text)
}

// err is what went wrong in the engine's words, or err itself where the engine said nothing.
func (w *watcher) err(err error) error {
	if err == nil {
		return nil
	}
	if len(w.errs) == 0 {
		return brief(err)
	}
	return &engineError{text: strings.Join(w.errs, "; "), err: err}
}

func (w *watcher) tell(m apitype.StepEventMetadata, done bool, notify func(infra.Event)) {
	if m.Op == apitype.OpSame || m.Op == apitype.OpRead || !strings.HasPrefix(m.Type, "aws:") {
		return
	}
	kind := m.Type[strings.LastIndex(m.Type, ":")+1:]
	name := m.URN[strings.LastIndex(m.URN, "::")+2:]
	if !done {
		w.planned = append(w.planned, fmt.Sprintf("%s %s %s", m.Op, kind, name))
	}
	e := infra.Event{At: time.Now(), Step: string(m.Op), Kind: kind, Name: name, Done: done}
	w.waits.saw(e)
	if notify == nil {
		return
	}
	if m.Op == apitype.OpRefresh { // of interest only where it does not end
		if !w.refreshing {
			w.refreshing = true
			notify(infra.Event{At: e.At, Step: e.Step, Detail: "what the cluster has by now"})
		}
		return
	}
	notify(e)
}
