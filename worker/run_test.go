package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

const testVersion = "test"

// scenario is a run in a test.
type scenario struct {
	flow      *flow.Flow
	inputs    []input.Input
	dir       string
	slots     int
	batchRows int
	noHeader  bool
	compress  string
	maxRecord int
	listen    string
	resume    bool
	order     string
	ackWait   time.Duration
	during    func(in *Initializer) // called once the run is under way
	opened    func(in *Initializer) (closing func())
}

func (s scenario) makeFlow(string, json.RawMessage) (*flow.Flow, error) { return s.flow, nil }

func (s scenario) open(t *testing.T) *Initializer {
	t.Helper()
	if s.compress == "" {
		s.compress = "none"
	}
	if s.maxRecord == 0 {
		s.maxRecord = 1 << 20
	}
	name, err := ResultsName(s.flow, s.compress, "")
	if err != nil {
		t.Fatal(err)
	}
	var folder *manifest.Folder
	if s.resume {
		folder, err = manifest.Resume(s.dir)
	} else {
		folder, err = manifest.Create(s.dir, manifest.Run{
			ID: "test", Version: testVersion, App: s.flow.Name, Settings: json.RawMessage("{}"), NoHeader: s.noHeader,
			MaxRecord: s.maxRecord, Compress: s.compress, Results: name, Inputs: s.inputs, Order: s.order,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	in, err := Open(t.Context(), InitializerConfig{
		Folder: folder, Flow: s.makeFlow, BatchRows: s.batchRows, Slots: s.slots, Listen: s.listen, Token: "secret", AckWait: s.ackWait,
	})
	if err != nil {
		t.Fatal(errors.Join(err, folder.Close()))
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), folder.Close()); err != nil {
			t.Error(err)
		}
	})
	return in
}

// run runs the scenario to its end with one worker in this process and finishes the folder if it came to the end.
func (s scenario) run(t *testing.T) (*manifest.Manifest, error) {
	t.Helper()
	return s.open(t).runWith(t, s)
}

// runWith runs an open initializer with the scenario's worker.
func (in *Initializer) runWith(t *testing.T, s scenario) (*manifest.Manifest, error) {
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error {
		return in.Work(ctx, Config{Name: "w", Slots: s.slots, Version: testVersion, Flow: s.makeFlow})
	})
	group.Go(func() error { return in.Run(ctx) })
	if s.during != nil {
		s.during(in)
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return in.Folder.Finish(nil)
}

// results runs the scenario and returns the results, which must be complete.
func (s scenario) results(t *testing.T) []byte {
	t.Helper()
	s.dir = filepath.Join(t.TempDir(), "out")
	m, err := s.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manifest.Verify(t.Context(), s.dir, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, m.Results))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// tag appends a column that depends on the whole record.
func tag() *flow.Flow {
	return flow.New("tag", flow.CSV).Column("TAG", func(dst, record []byte) ([]byte, error) {
		return appendTag(dst, record), nil
	})
}

func appendTag(dst, record []byte) []byte {
	sum := 0
	for _, b := range record {
		sum = sum*31 + int(b)
	}
	return fmt.Appendf(dst, "%x", uint32(sum))
}

// file writes text to a file and returns it as an input.
func file(t *testing.T, text []byte) input.Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input.csv")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// wildCSV returns a CSV with everything in it that makes cutting hard.
func wildCSV(rows int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString(flow.BOM + "\"a\nx\",b,c\r\n")
	for i := range rows {
		switch random.IntN(8) {
		case 0:
			fmt.Fprintf(&b, "%d,\"line\nline \"\"quoted\"\", %s\",x\r\n", i, strings.Repeat("y\n", random.IntN(40)))
		case 1:
			fmt.Fprintf(&b, "%d,ragged\n", i)
		case 2:
			fmt.Fprintf(&b, "%d,%s,\n", i, strings.Repeat("long ", random.IntN(2000)))
		case 3:
			fmt.Fprintf(&b, "%d,bare\"quote,\"closed\" and more\n", i)
		default:
			fmt.Fprintf(&b, "%d,plain,row\n", i)
		}
	}
	b.WriteString("last,without,end")
	return b.Bytes()
}

func TestResultsAreTheSameForAnyNumberOfSlotsAndAnyBatches(t *testing.T) {
	text := wildCSV(3000)
	var want bytes.Buffer
	if _, _, err := tag().Apply(bytes.NewReader(text), &want, 0); err != nil {
		t.Fatal(err)
	}
	in := file(t, text)
	for _, slots := range []int{1, 2, 3, 8} {
		for _, rows := range []int{0, 1, 7, 100, 5000} {
			t.Run(fmt.Sprintf("slots=%d,rows=%d", slots, rows), func(t *testing.T) {
				got := scenario{flow: tag(), inputs: []input.Input{in}, slots: slots, batchRows: rows}.results(t)
				if !bytes.Equal(got, want.Bytes()) {
					t.Errorf("%d bytes, want %d: first difference at %d", len(got), want.Len(), difference(got, want.Bytes()))
				}
			})
		}
	}
}

// difference returns where a and b begin to differ.
func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func TestAStreamGivesTheResultsOfTheFile(t *testing.T) {
	text := wildCSV(3000)
	in := file(t, text)
	want := scenario{flow: tag(), inputs: []input.Input{in}, slots: 2}.results(t)
	in.Size = -1 // as if it could be read only once
	for _, rows := range []int{0, 3} {
		if got := (scenario{flow: tag(), inputs: []input.Input{in}, slots: 3, batchRows: rows}).results(t); !bytes.Equal(got, want) {
			t.Errorf("batch rows %d: differs at byte %d", rows, difference(got, want))
		}
	}
}

func TestAWorkerOfAnotherVersionIsRefused(t *testing.T) {
	s := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(10))}, slots: 1, dir: filepath.Join(t.TempDir(), "out"), listen: "127.0.0.1:0"}
	in := s.open(t)
	err := Run(t.Context(), Config{Name: "old", Slots: 1, URL: in.URL(), Token: "secret", Version: "old", Flow: s.makeFlow})
	if !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "initializer is test, worker is old") {
		t.Errorf("got %v, want ErrVersion that names both", err)
	}
}

func TestAWorkerWithoutTheTokenLearnsNothing(t *testing.T) {
	s := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(10))}, slots: 1, dir: filepath.Join(t.TempDir(), "out"), listen: "127.0.0.1:0"}
	in := s.open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := Run(ctx, Config{Name: "stranger", Slots: 1, URL: in.URL(), Token: "guess", Version: testVersion, Flow: s.makeFlow})
	if err == nil {
		t.Error("a worker with a wrong token joined")
	}
}

func TestABatchOfADeadWorkerIsTakenOver(t *testing.T) {
	s := scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(2000))}, slots: 1, batchRows: 100}
	want := s.results(t)

	var calls atomic.Int32
	stuck, free := make(chan struct{}), make(chan struct{})
	hanging := func(string, json.RawMessage) (*flow.Flow, error) {
		return flow.New("tag", flow.CSV).Column("TAG", func(dst, record []byte) ([]byte, error) {
			if calls.Add(1) == 150 { // in the middle of a batch
				close(stuck)
				<-free
			}
			return appendTag(dst, record), nil
		}), nil
	}
	s.listen, s.dir = "127.0.0.1:0", filepath.Join(t.TempDir(), "out")
	in := s.open(t)
	dying, die := context.WithCancel(t.Context())
	dead := make(chan error, 1)
	go func() {
		dead <- Run(dying, Config{Name: "victim", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: hanging})
	}()
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error { return in.Run(ctx) })
	<-stuck
	die() // its signs of life end; the batches that it holds were never acked
	group.Go(func() error {
		return Run(ctx, Config{Name: "heir", Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: s.makeFlow})
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	close(free)
	<-dead
	status := in.Status()
	m, err := in.Folder.Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, m.Results))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs at byte %d", difference(got, want))
	}
	if len(status.Workers) != 2 || status.Workers[0].Name != "heir" || status.Workers[0].Parts == 0 {
		t.Errorf("workers are %+v, want parts of the heir", status.Workers)
	}
}
