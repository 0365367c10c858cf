package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// inputs makes a file of each text.
func inputs(t *testing.T, texts ...string) []input.Input {
	t.Helper()
	var all []input.Input
	for _, text := range texts {
		all = append(all, file(t, []byte(text)))
	}
	return all
}

// fake is an operator that upper-cases records, and fails on those that hold a word that poisons them.
type fake struct {
	poison string
	calls  atomic.Int64
	broken atomic.Bool // it fails on everything
}

func (f *fake) Process(_ context.Context, in flow.Bundle) (flow.Yield, error) {
	f.calls.Add(1)
	if f.broken.Load() || f.poison != "" && bytes.Contains(in.Records, []byte(f.poison)) {
		return flow.Yield{}, &flow.Failure{Reason: "it chokes"}
	}
	room := append(in.Room, bytes.ToUpper(in.Records)...)
	y := flow.Yield{Records: room, Room: room, Count: in.Count, Took: time.Millisecond}
	if in.Header != nil {
		y.Header = []byte("title")
	}
	return y, nil
}

func (f *fake) Close() error { return nil }

func through(source flow.Source, lanes int, f *fake) *flow.Flow {
	return flow.New("fake", source).Through("fake", lanes, false, func(flow.Surroundings) (flow.Operator, error) { return f, nil })
}

func TestAnOperatorsResultsHaveItsHeaderOnce(t *testing.T) {
	a, b := "id,name\n1,a\n2,b", "id,name\n3,c\n4,d\n"
	s := scenario{flow: through(flow.CSV, 3, &fake{}), inputs: inputs(t, a, b), slots: 2, batchRows: 1}
	if got, want := string(s.results(t)), "title\n1,A\n2,B\n3,C\n4,D\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAnInputOfAHeaderAloneIsAskedAbout(t *testing.T) {
	s := scenario{flow: through(flow.CSV, 1, &fake{}), inputs: inputs(t, "id,name\n"), slots: 1}
	if got := string(s.results(t)); got != "title\n" {
		t.Errorf("%q", got)
	}
	s = scenario{flow: through(flow.Lines, 1, &fake{}), inputs: inputs(t, ""), slots: 1}
	if got := string(s.results(t)); got != "" {
		t.Errorf("%q", got)
	}
}

func TestAPoisonedRecordIsFoundAndTheRestIsDone(t *testing.T) {
	for _, rows := range []int{1, 2, 7, 1000} {
		for _, at := range []int{0, 1, 499, 999} {
			var text, want strings.Builder
			text.WriteString("id,name\n")
			want.WriteString("title\n")
			for i := range 1000 {
				switch i {
				case at:
					fmt.Fprintf(&text, "%d,\"poi\nson\"\n", i)
				case at + 3:
					fmt.Fprintf(&text, "%d\n", i) // ragged: nobody's fault
				default:
					fmt.Fprintf(&text, "%d,row\n", i)
					fmt.Fprintf(&want, "%d,ROW\n", i)
				}
			}
			dir := filepath.Join(t.TempDir(), "out")
			s := scenario{flow: through(flow.CSV, 1, &fake{poison: "poi\nson"}), inputs: inputs(t, text.String()), dir: dir, slots: 2, batchRows: rows}
			m, err := s.run(t)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := manifest.Verify(t.Context(), dir, []string{m.Inputs[0].URI}); err != nil {
				t.Error(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, m.Results))
			if err != nil || string(got) != want.String() {
				t.Errorf("batches of %d, poison at %d: results differ, %v", rows, at, err)
			}
			rejects, err := os.ReadFile(filepath.Join(dir, manifest.RejectsFile))
			line := fmt.Sprintf(",%d,", at+2)
			if err != nil || !strings.Contains(string(rejects), line) || !strings.Contains(string(rejects), ",it chokes,\""+fmt.Sprint(at)) {
				t.Errorf("batches of %d, poison at %d: rejects\n%s%v", rows, at, rejects, err)
			}
		}
	}
}

// An operator that does so many records and no more gets so many: to look for a record that is to blame would take long.
func TestAnOperatorThatHasEnoughGetsAsManyRecordsAsItTakes(t *testing.T) {
	o := &enough{most: 100}
	f := flow.New("fake", flow.CSV).Through("fake", 1, false, func(flow.Surroundings) (flow.Operator, error) { return o, nil })
	var text strings.Builder
	text.WriteString("id,name\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "%d,\"r\now\"\n", i)
	}
	s := scenario{flow: f, inputs: inputs(t, text.String()), slots: 1, batchRows: 1000}
	want := "title\n" + strings.ToUpper(strings.TrimPrefix(text.String(), "id,name\n"))
	if got := string(s.results(t)); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	if n := o.calls.Load(); n != 51 {
		t.Errorf("it was asked %d times, want 51: once for too many, then for 100 records each time", n)
	}
}

// enough is an operator that ends when it has done so many records.
type enough struct {
	fake
	most int64
}

func (e *enough) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	if in.Count > e.most {
		e.calls.Add(1)
		return flow.Yield{}, &flow.Failure{Reason: "it has enough", Enough: e.most}
	}
	return e.fake.Process(ctx, in)
}

func TestAnOperatorThatFailsOnEverythingEndsTheRunSoon(t *testing.T) {
	for _, rows := range []int{0, 1, 100} {
		f := &fake{}
		f.broken.Store(true)
		s := scenario{flow: through(flow.Lines, 1, f), inputs: inputs(t, strings.Repeat("row\n", 100000)), dir: filepath.Join(t.TempDir(), "out"), slots: 2, batchRows: rows}
		_, err := s.run(t)
		var batch *BatchError
		if !errors.As(err, &batch) || !strings.Contains(err.Error(), "fails on everything that it is given: it chokes") {
			t.Errorf("batches of %d: %v", rows, err)
		}
		if n := f.calls.Load(); n > 100 {
			t.Errorf("batches of %d: it was tried %d times", rows, n)
		}
	}
}

// An operator that works at first, and then on nothing, is found out by what it could do before.
func TestAnOperatorThatBreaksEndsTheRun(t *testing.T) {
	f := &fake{}
	breaks := flow.New("fake", flow.Lines).Through("fake", 1, false, func(flow.Surroundings) (flow.Operator, error) { return &breaking{fake: f}, nil })
	s := scenario{flow: breaks, inputs: inputs(t, strings.Repeat("row\n", 10000)), dir: filepath.Join(t.TempDir(), "out"), slots: 1, batchRows: 100}
	_, err := s.run(t)
	if err == nil || !strings.Contains(err.Error(), "what it did before too: it chokes") {
		t.Errorf("%v", err)
	}
	if n := f.calls.Load(); n > 1000 {
		t.Errorf("it was tried %d times", n)
	}
}

// breaking breaks after ten batches.
type breaking struct{ *fake }

func (b *breaking) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	if b.calls.Load() > 10 {
		b.broken.Store(true)
	}
	return b.fake.Process(ctx, in)
}

// Many records that are bad, one after the other, are no reason to end a run while the operator does others.
func TestManyPoisonedRecordsInARow(t *testing.T) {
	f := &fake{poison: "bad"}
	text := strings.Repeat("good\n", 1000) + strings.Repeat("bad\n", 300) + strings.Repeat("good\n", 1000)
	s := scenario{flow: through(flow.Lines, 1, f), inputs: inputs(t, text), dir: filepath.Join(t.TempDir(), "out"), slots: 1}
	m, err := s.run(t)
	if err != nil || m.Totals.Rejected != 300 || m.Totals.Out != 2000 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestTheFirstFailureIsTold(t *testing.T) {
	f := &fake{poison: "bad"}
	s := scenario{flow: through(flow.Lines, 1, f), inputs: inputs(t, "good\nbad\ngood\n"), dir: filepath.Join(t.TempDir(), "out"), slots: 1}
	in := s.open(t)
	if _, err := in.runWith(t, s); err != nil {
		t.Fatal(err)
	}
	if got := in.Status().Failure; got == nil || got.Worker != "w" || got.Reason != "it chokes" {
		t.Errorf("%+v", got)
	}
}

// differing gives another header line every time.
type differing struct {
	fake
}

func (d *differing) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	y, err := d.fake.Process(ctx, in)
	y.Header = fmt.Appendf(nil, "title %d", d.calls.Load())
	return y, err
}

func TestHeadersThatDifferEndTheRun(t *testing.T) {
	f := flow.New("fake", flow.CSV).Through("fake", 1, false, func(flow.Surroundings) (flow.Operator, error) { return &differing{}, nil })
	s := scenario{flow: f, inputs: inputs(t, "id\n1\n2\n3\n"), dir: filepath.Join(t.TempDir(), "out"), slots: 1, batchRows: 1}
	if _, err := s.run(t); !errors.Is(err, ErrTitle) {
		t.Errorf("%v", err)
	}
}

func TestBatchesGrowUntilStartingIsASmallPart(t *testing.T) {
	var s sizer
	const rate, start = 10e6, 400 * time.Millisecond // bytes a second; a program that takes long to start
	size, steps := int64(firstCostly), 0
	for ; size < startedBatch && steps < 10; steps++ {
		s.observe(size, time.Duration(float64(size)/rate*float64(time.Second)), start)
		size = s.next(firstCostly, startedBatch, 1<<40, 2)
	}
	if steps > 3 || size < startedBatch {
		t.Errorf("after %d steps they have %d bytes", steps, size)
	}
	if last := s.next(firstCostly, startedBatch, 8<<20, 2); last != 4<<20+firstCostly {
		t.Errorf("the last 8 MiB are cut to %d for each of 2 slots", last)
	}
	var quick sizer
	quick.observe(1<<20, 100*time.Millisecond, 2*time.Millisecond)
	if got := quick.next(firstCostly, startedBatch, 1<<40, 2); got != 10<<20/4 {
		t.Errorf("a program that starts at once gets %d bytes", got)
	}
}

// slow takes for ever over one record, and notes how long it was given.
type slow struct {
	fake
	mu     sync.Mutex
	within []time.Duration
}

func (s *slow) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	if bytes.Contains(in.Records, []byte("forever")) {
		s.mu.Lock()
		s.within = append(s.within, in.Within)
		s.mu.Unlock()
		return flow.Yield{}, &flow.Failure{Reason: "too long", TimedOut: true}
	}
	return s.fake.Process(ctx, in)
}

// Only the batch, and the record by itself, are given all the time that there is.
func TestTheSearchForARecordThatTakesForEverIsShort(t *testing.T) {
	o := &slow{}
	f := flow.New("slow", flow.Lines).Through("slow", 1, false, func(flow.Surroundings) (flow.Operator, error) { return o, nil })
	text := strings.Repeat("row\n", 20_000) + "forever\n" + strings.Repeat("row\n", 1000)
	s := scenario{flow: f, inputs: inputs(t, text), dir: filepath.Join(t.TempDir(), "out"), slots: 1, batchRows: 3000}
	m, err := s.run(t)
	if err != nil || m.Totals.Rejected != 1 || m.Totals.Out != 21_000 {
		t.Fatalf("%+v, %v", m, err)
	}
	full := 0
	for _, within := range o.within {
		if within == 0 {
			full++
		}
	}
	if full != 2 || len(o.within) < 10 || o.within[0] != 0 || o.within[len(o.within)-1] != 0 {
		t.Errorf("it was given %v", o.within)
	}
}

// gated works on a few batches, and on more when the gate is opened.
type gated struct {
	fake
	gate chan struct{}
}

func (g *gated) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	if g.calls.Load() > 2 {
		<-g.gate
	}
	return g.fake.Process(ctx, in)
}

func TestARunWithAnOperatorIsResumed(t *testing.T) {
	g := &gated{gate: make(chan struct{})}
	text := "id,name\n" + strings.Repeat("1,row\n", 2000)
	f := flow.New("fake", flow.CSV).Through("fake", 2, false, func(flow.Surroundings) (flow.Operator, error) { return g, nil })
	s := scenario{flow: f, inputs: inputs(t, text), dir: filepath.Join(t.TempDir(), "out"), slots: 2, batchRows: 10}
	first := s
	first.during = func(in *Initializer) {
		for in.Status().Tally.In == 0 {
			time.Sleep(time.Millisecond)
		}
		in.Drain()
		close(g.gate)
	}
	in := first.open(t)
	if _, err := in.runWith(t, first); !errors.Is(err, ErrDrained) {
		t.Fatal(err)
	}
	if err := errors.Join(in.Close(), in.Folder.Close()); err != nil {
		t.Fatal(err)
	}
	s.resume = true
	m, err := s.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(readResults(t, s.dir, m)), "title\n"+strings.Repeat("1,ROW\n", 2000); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

func TestAHeaderKeepsItsLineEnd(t *testing.T) {
	same := flow.New("same", flow.CSV).Through("same", 1, false, func(flow.Surroundings) (flow.Operator, error) { return sameAgain{}, nil })
	text := "\xef\xbb\xbfid,name\r\n1,a\r\n2,b\r\n"
	s := scenario{flow: same, inputs: inputs(t, text), slots: 1, batchRows: 1}
	if got := string(s.results(t)); got != text[3:] {
		t.Errorf("%q", got)
	}
}

// sameAgain gives what it gets.
type sameAgain struct{}

func (sameAgain) Process(_ context.Context, in flow.Bundle) (flow.Yield, error) {
	return flow.Yield{Header: bytes.Clone(in.Header), Records: bytes.Clone(in.Records), Count: in.Count, Took: time.Millisecond}, nil
}

func (sameAgain) Close() error { return nil }
