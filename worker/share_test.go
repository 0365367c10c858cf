package worker

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flashmob/flow"
)

// meeting is an operator that begins with its work when it has been asked from so many slots at once.
type meeting struct {
	fake
	missing atomic.Int64
	all     chan struct{}
}

func (m *meeting) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	if m.missing.Add(-1) == 0 {
		close(m.all)
	}
	select {
	case <-m.all:
		return m.fake.Process(ctx, in)
	case <-time.After(10 * time.Second):
		return flow.Yield{}, fmt.Errorf("%d slots have got nothing", m.missing.Load())
	}
}

// A record of a small input may take long as one of a large one may.
func TestEverySlotGetsSomeOfASmallInput(t *testing.T) {
	const slots = 5
	text := strings.Repeat("a record\n", 200)
	for name, started := range map[string]bool{"long-lived": false, "started": true} {
		t.Run(name, func(t *testing.T) {
			m := &meeting{all: make(chan struct{})}
			m.missing.Store(slots)
			f := flow.New("fake", flow.Lines).Through("fake", 1, started, func(flow.Surroundings) (flow.Operator, error) { return m, nil })
			s := scenario{flow: f, inputs: inputs(t, text), slots: slots}
			if got := s.results(t); !bytes.Equal(got, bytes.ToUpper([]byte(text))) {
				t.Errorf("%d bytes, want %d", len(got), len(text))
			}
		})
	}
}

func TestSmallSlicesAreAboutAsLargeAsAskedFor(t *testing.T) {
	const record, target = 10, 300
	text := strings.Repeat("a record,\n", 2000)
	s := &slicer{source: strings.NewReader(text), cutter: flow.CSV.Cutter(), maxRecord: 1 << 20}
	if _, err := s.first(); err != nil {
		t.Fatal(err)
	}
	for i, got := range slicesOf(t, s, target, 0) {
		if got.length > target+record {
			t.Fatalf("slice %d has %d bytes, want %d", i, got.length, target)
		}
	}
}

func TestWorkersThatAreStillToComeCountUntilRecordsAreTimed(t *testing.T) {
	in := &Initializer{InitializerConfig: InitializerConfig{Slots: 2, Hosts: 8}}
	if got := in.slots(); got != 16 {
		t.Errorf("%d slots are expected of 8 workers with 2 each", got)
	}
	in.sizer.observe(1000, time.Second, 0)
	if got := in.slots(); got != 2 {
		t.Errorf("%d slots are there, of one worker", got)
	}
}
