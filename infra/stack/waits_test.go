package stack

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"flashmob/infra"
)

func TestWhatTheEngineWaitsForIsSaidEverMoreRarely(t *testing.T) {
	began := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	w := newWaits(firstWord)
	if e, any := w.word(began); any {
		t.Errorf("before the first step it says %v", e)
	}
	w.pause = firstWord
	for _, name := range []string{"workers-1", "workers-2"} {
		w.saw(infra.Event{At: began, Step: "create", Kind: "Instance", Name: name})
	}
	want := "waiting: create Instance workers-1 for 6s, create Instance workers-2 for 6s; then log in and upload the worker"
	if e, _ := w.word(began.Add(6 * time.Second)); e.String() != want {
		t.Errorf("it says %q, want %q", e, want)
	}
	w.saw(infra.Event{At: began, Step: "create", Kind: "Instance", Name: "workers-1", Done: true})
	want = "waiting: create Instance workers-2 for 20s; then log in and upload the worker"
	if e, _ := w.word(began.Add(20 * time.Second)); e.String() != want {
		t.Errorf("it says %q, want %q", e, want)
	}
	if w.pause != 4*firstWord {
		t.Errorf("the third word comes after %v", w.pause)
	}
	w.saw(infra.Event{Step: "create", Kind: "Instance", Name: "workers-2", Done: true})
	w.saw(infra.Event{At: began, Step: "delete", Kind: "Vpc", Name: "vpc"})
	want = "waiting: delete Vpc vpc for 1m0s; then ask the account what is left"
	if e, _ := w.word(began.Add(time.Minute)); e.String() != want {
		t.Errorf("it says %q, want %q", e, want)
	}
	for range 9 {
		w.word(began)
	}
	if w.pause != lastWord {
		t.Errorf("at last a word comes every %v", w.pause)
	}
}

func TestSilentEngineIsNoSilentOperator(t *testing.T) {
	heard := make(chan infra.Event, 9)
	w := watchFrom(time.Millisecond, func(e infra.Event) { heard <- e })
	step := apitype.StepEventMetadata{Op: apitype.OpCreate, Type: "aws:ec2/instance:Instance", URN: "urn:pulumi:a::b::c::workers-1"}
	w.events <- events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: step}}}
	for _, want := range []string{"create", "waiting"} {
		if e := <-heard; e.Step != want {
			t.Errorf("it says %q, want %q", e, want)
		}
	}
	w.close()
}
