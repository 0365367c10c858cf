package worker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// notebook keeps what a watcher is told.
type notebook struct {
	mu        sync.Mutex
	run       manifest.Run
	metrics   map[string]Metrics
	bulletins []Bulletin
	begun     chan struct{} // closed when it hears everything
	over      chan struct{} // closed when the run is
}

func newNotebook() *notebook {
	return &notebook{metrics: map[string]Metrics{}, begun: make(chan struct{}), over: make(chan struct{})}
}

func (n *notebook) Watches(run manifest.Run) {
	n.run = run
	close(n.begun)
}

func (n *notebook) Hears(m Metrics) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.metrics[m.Worker] = m
}

func (n *notebook) Reads(b Bulletin) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bulletins = append(n.bulletins, b)
	if b.Over != nil {
		close(n.over)
	}
}

// watch lets the notebook watch a run until its end, and until the workers have said all that they have to say.
func (n *notebook) watch(t *testing.T, in *Initializer) (closing func()) {
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	gone := make(chan struct{})
	watching.Go(func() {
		defer close(gone)
		if err := in.Watch(ctx, n); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-n.begun:
	case <-gone:
	}
	return func() {
		<-n.over
		stop()
		watching.Wait()
	}
}

func TestWhoWatchesHearsWhatBecameOfEveryRecord(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,text\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "%d,hello\n", i)
	}
	text.WriteString("lonely\n\"quoted\",1,2\nlonely\n")
	s := scenario{flow: flow.New("test", flow.CSV), inputs: []input.Input{file(t, []byte(text.String()))}, dir: t.TempDir(), slots: 3, batchRows: 100}
	book := newNotebook()
	in := s.open(t)
	closing := book.watch(t, in)
	if _, err := in.runWith(t, s); err != nil {
		t.Fatal(err)
	}
	closing()
	last := book.bulletins[len(book.bulletins)-1]
	if book.run.ID != "test" || last.Over == nil || last.Over.Error != "" {
		t.Errorf("run %q is over: %+v", book.run.ID, last.Over)
	}
	st := last.Status
	if st.Tally.In != 2003 || st.Tally.Rejected != 3 || st.Reasons["1 field, want 2"] != 2 || st.Reasons["3 fields, want 2"] != 1 {
		t.Errorf("tally %+v, reasons %v", st.Tally, st.Reasons)
	}
	if st.Out != 0 || len(st.Slowest) != slowestKept || st.Slowest[0].Took < st.Slowest[9].Took || st.Slowest[0].Worker != "w" {
		t.Errorf("%d out; slowest %+v", st.Out, st.Slowest)
	}
	if last.Whole.Latency.Count() != 21 || last.Whole.Records != 2003 {
		t.Errorf("whole: %d batches, %d records", last.Whole.Latency.Count(), last.Whole.Records)
	}
	said := book.metrics["w"]
	if len(said.Slots) != 3 || said.Host.Cores < 1 || said.At.Before(said.Since) {
		t.Errorf("metrics %+v", said)
	}
	var slots Counts
	for _, slot := range said.Slots {
		slots.Add(slot)
	}
	for _, stage := range said.Stages {
		if stage.Records != 2003 || stage.Rejected != 3 || stage.Batches != 22 || stage.Latency.Count() != 22 { // the header is a batch, too
			t.Errorf("stage %s: %+v, %d latencies", stage.Name, stage.Counts, stage.Latency.Count())
		}
	}
	if want := int64(text.Len()); slots.Bytes != want || slots.Records != 2003 {
		t.Errorf("slots %+v, want %d bytes", slots, want)
	}
}

func TestWhoWatchesHearsWhoTookOverWhat(t *testing.T) {
	book, gate := newNotebook(), make(chan struct{})
	gated := flow.New("gated", flow.Lines).Count("count", func(record []byte, add *flow.Counter) {
		<-gate
		add.Count(fmt.Append(nil, len(record)))
	})
	var in *Initializer
	s := scenario{flow: gated, inputs: []input.Input{file(t, wildText(1000))}, batchRows: 10}
	s.opened = func(opened *Initializer) func() { in = opened; return book.watch(t, in) }
	s.crewed(t, []string{"w1", "w2"}, func(_, kill func(string)) {
		await(t, "both own partitions", func() bool { // the first one there owns all of them for a while
			owners := in.Status().Owners
			return slices.Contains(owners, "w1") && slices.Contains(owners, "w2")
		})
		kill("w2")
		await(t, "somebody has taken them over", func() bool { return in.Status().TakenOver > 0 })
		close(gate)
	})
	last := book.bulletins[len(book.bulletins)-1].Status
	if n := int64(len(last.Owners)) / 2; last.TakenOver != n || slices.Contains(last.Owners, "w2") {
		t.Errorf("%d partitions were taken over, want %d; owners %v", last.TakenOver, n, last.Owners)
	}
	kinds := map[string]string{}
	for _, one := range last.Incidents {
		kinds[one.Kind] += one.Worker + " "
	}
	if kinds[IncidentLost] != "w2 " || kinds[IncidentTakenOver] != "w2 " || !strings.Contains(kinds[IncidentJoined], "w1") {
		t.Errorf("incidents %v", kinds)
	}
	if last.Retried == 0 || !strings.Contains(kinds[IncidentRetried], "w1") {
		t.Errorf("what w2 held was handed out again: %d retried, %v", last.Retried, kinds)
	}
	apply := book.metrics["w1"].Stages[3]
	if apply.Name != StageApply || apply.Bytes == 0 {
		t.Errorf("w1 took in %+v", apply)
	}
}

// await waits until something is so.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
