package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// sortedRecords returns the records of a text, sorted, the first one apart.
func sortedRecords(source flow.Source, text []byte) (first string, rest []string) {
	cutter := source.Cutter()
	if bytes.HasPrefix(text, []byte(flow.BOM)) { // it belongs to no record
		first, text = flow.BOM, text[len(flow.BOM):]
	}
	for len(text) > 0 {
		end, _ := cutter.Next(text)
		rest = append(rest, strings.TrimRight(string(text[:end]), "\r\n"))
		text = text[end:]
	}
	first += rest[0]
	slices.Sort(rest[1:])
	return first, rest[1:]
}

func TestResultsWithoutOrderAreTheSameRecords(t *testing.T) {
	in := []input.Input{file(t, wildCSV(3000)), file(t, nil), file(t, wildCSV(10)), stream(file(t, wildCSV(2000)))}
	ordered := scenario{flow: tag(), inputs: in, slots: 3, batchRows: 50, dir: filepath.Join(t.TempDir(), "ordered")}
	m, err := ordered.run(t)
	if err != nil {
		t.Fatal(err)
	}
	wantText, err := os.ReadFile(filepath.Join(ordered.dir, m.Results))
	if err != nil {
		t.Fatal(err)
	}
	wantFirst, want := sortedRecords(flow.CSV, wantText)
	rejects, err := os.ReadFile(filepath.Join(ordered.dir, manifest.RejectsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 50, 0} {
		s := scenario{flow: tag(), inputs: in, slots: 3, batchRows: rows, order: manifest.NoOrder, dir: filepath.Join(t.TempDir(), "out")}
		m, err := s.run(t)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := manifest.Verify(t.Context(), s.dir, nil); err != nil {
			t.Error(err)
		}
		text, err := os.ReadFile(filepath.Join(s.dir, m.Results))
		if err != nil {
			t.Fatal(err)
		}
		if first, got := sortedRecords(flow.CSV, text); first != wantFirst || !slices.Equal(got, want) {
			t.Errorf("batch rows %d: the records differ: %d, want %d; first %q, want %q", rows, len(got), len(want), first, wantFirst)
		}
		// Rejects have the line and byte that they always have.
		got, err := os.ReadFile(filepath.Join(s.dir, manifest.RejectsFile))
		_, gotRejects := sortedRecords(flow.CSV, got)
		_, wantRejects := sortedRecords(flow.CSV, rejects)
		if err != nil || !slices.Equal(gotRejects, wantRejects) {
			t.Errorf("batch rows %d: the rejects differ; %v", rows, err)
		}
	}
}

// stuck is an operator that gives nothing for one record until all others have come out.
type stuck struct {
	fake
	word string
	free chan struct{}
}

func (s *stuck) Process(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	if bytes.Contains(in.Records, []byte(s.word)) {
		select {
		case <-s.free:
		case <-ctx.Done():
			return flow.Yield{}, context.Cause(ctx)
		}
	}
	return s.fake.Process(ctx, in)
}

func TestWithoutOrderNothingWaitsForASlowBatch(t *testing.T) {
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "row %d,\n", i)
	}
	op := &stuck{word: "row 3,", free: make(chan struct{})}
	f := flow.New("fake", flow.Lines).Through("fake", 1, false, func(flow.Surroundings) (flow.Operator, error) { return op, nil })
	s := scenario{flow: f, inputs: inputs(t, text.String()), slots: 2, batchRows: 10, order: manifest.NoOrder, dir: filepath.Join(t.TempDir(), "out")}
	var before int
	s.during = func(in *Initializer) {
		for { // ends when everything but the slow batch is in the folder
			parts, moved := in.gathered()
			if before = len(parts); before == 199 {
				break
			}
			<-moved
		}
		close(op.free)
	}
	m, err := s.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if before != 199 || m.Parts[199].Offset != 0 {
		t.Errorf("%d parts came before that of the slow batch, which came at %d", before, m.Parts[199].Offset)
	}
}

// keep begins a folder with some of a finished run's parts, in a random order, as if the run had died then.
func keep(t *testing.T, random *rand.Rand, from, to string) {
	t.Helper()
	m, err := manifest.Load(from)
	if err != nil {
		t.Fatal(err)
	}
	results, err := os.ReadFile(filepath.Join(from, m.Results))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := manifest.Create(to, m.Run)
	if err != nil {
		t.Fatal(err)
	}
	bodies, offset := map[string][]byte{}, int64(0)
	var chosen []manifest.Part
	for i, p := range m.Parts {
		bodies[p.SHA256] = results[offset : offset+p.Bytes]
		if offset += p.Bytes; i == 0 || p.Kind != manifest.Join && p.RejectBytes == 0 && !p.Open && random.IntN(3) > 0 {
			chosen = append(chosen, p)
		}
	}
	random.Shuffle(len(chosen)-1, func(i, j int) { chosen[i+1], chosen[j+1] = chosen[j+1], chosen[i+1] })
	for _, p := range chosen {
		if err := folder.Append(p, func(results *os.File) ([]byte, error) {
			_, err := results.Write(bodies[p.SHA256])
			return nil, err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := folder.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestARunWithoutOrderIsResumedWithGaps(t *testing.T) {
	csv := wildCSV(3000)
	generated := tag()
	generated.Generator = &flow.Generator{Header: []byte("a,b"), Row: func(dst []byte, seed uint64, n int64) []byte { return fmt.Appendf(dst, "%d,%d", seed, n) }}
	for name, c := range map[string]struct {
		flow *flow.Flow
		in   []input.Input
	}{
		"files":     {tag(), []input.Input{file(t, csv), file(t, wildCSV(500))}},
		"streams":   {tag(), []input.Input{stream(file(t, csv)), stream(file(t, wildCSV(500)))}},
		"lines":     {through(flow.Lines, 2, &fake{}), []input.Input{file(t, wildText(20000))}},
		"generated": {generated, []input.Input{input.Generated("tag", 5000, 3)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario{flow: c.flow, inputs: c.in, slots: 2, batchRows: 40, order: manifest.NoOrder, dir: filepath.Join(t.TempDir(), "whole")}
			m, err := s.run(t)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := os.ReadFile(filepath.Join(s.dir, m.Results))
			if err != nil {
				t.Fatal(err)
			}
			wantFirst, want := sortedRecords(c.flow.Source, whole)
			for seed := range uint64(6) {
				again := s
				again.dir, again.resume, again.batchRows = filepath.Join(t.TempDir(), "out"), true, []int{0, 1, 33}[seed%3]
				keep(t, rand.New(rand.NewPCG(seed, 1)), s.dir, again.dir)
				m, err := again.run(t)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := manifest.Verify(t.Context(), again.dir, nil); err != nil {
					t.Error(err)
				}
				text, err := os.ReadFile(filepath.Join(again.dir, m.Results))
				if err != nil {
					t.Fatal(err)
				}
				first, got := sortedRecords(c.flow.Source, text)
				if c.flow.HasOperator() { // no line is the first
					first, got = wantFirst, slices.Sorted(slices.Values(append(got, first)))
					if seed == 0 {
						want = slices.Sorted(slices.Values(append(want, wantFirst)))
					}
				}
				if first != wantFirst || !slices.Equal(got, want) {
					t.Errorf("seed %d: the records differ: %d, want %d; first %q, want %q", seed, len(got), len(want), first, wantFirst)
				}
			}
		})
	}
}

func TestAResumedRunWithoutOrderRefusesAnInputThatChanged(t *testing.T) {
	in := file(t, wildCSV(3000))
	s := scenario{flow: tag(), inputs: []input.Input{in}, slots: 2, batchRows: 40, order: manifest.NoOrder, dir: filepath.Join(t.TempDir(), "whole")}
	if _, err := s.run(t); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	keep(t, rand.New(rand.NewPCG(1, 1)), s.dir, dir)
	kept, err := manifest.Resume(dir)
	if err != nil {
		t.Fatal(err)
	}
	last := kept.Parts[len(kept.Parts)-1]
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(in.URI, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("~"), last.Offset); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), os.Chtimes(in.URI, in.Modified, in.Modified)); err != nil {
		t.Fatal(err)
	}
	s.dir, s.resume = dir, true
	if _, err := s.run(t); !errors.Is(err, ErrResume) {
		t.Errorf("got %v, want ErrResume", err)
	}
}
