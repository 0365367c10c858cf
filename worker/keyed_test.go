package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// words counts the words of lines.
func words() *flow.Flow { return wordsBehind(nil) }

// wordsBehind is words with a gate that every line waits at.
func wordsBehind(gate <-chan struct{}) *flow.Flow {
	return flow.New("words", flow.Lines).Map("gate", waitAt(gate)).Count("count", func(record []byte, add *flow.Counter) {
		for word := range bytes.FieldsSeq(record) {
			add.Count(word)
		}
	}).Titled("word", "count").Groups()
}

// letters keeps a running total by the first letter of lines, and puts it out on each update.
func letters() *flow.Flow { return lettersBehind(nil) }

// lettersBehind is letters with a gate that every line waits at.
func lettersBehind(gate <-chan struct{}) *flow.Flow {
	return flow.New("letters", flow.Lines).Map("gate", waitAt(gate)).Update("total", func(record []byte, send *flow.Sender) {
		if len(record) > 0 {
			send.Send(record[:1], record[1:])
		}
	}, func(state []byte, u *flow.Update) []byte {
		if len(state) == 0 {
			state = make([]byte, 8)
		}
		binary.BigEndian.PutUint64(state, binary.BigEndian.Uint64(state)+uint64(len(u.Value)))
		u.Emit(fmt.Appendf(nil, "%s => %d", u.Key, binary.BigEndian.Uint64(state)))
		return state
	}).Declare(strings.Split("abcdefghijklmnopqrstuvwxyz", "")...)
}

func waitAt(gate <-chan struct{}) flow.MapFunc {
	return func(record []byte, emit *flow.Emit) {
		if gate != nil {
			<-gate
		}
		emit.Record(record)
	}
}

// wildText is lines of words, some often and some once, of many lengths, with empty lines and no last line end.
func wildText(lines int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for i := range lines {
		for range random.IntN(9) {
			switch n := random.IntN(3 + i%40); {
			case n < 20:
				fmt.Fprintf(&b, "%c%d ", 'a'+n, n*n)
			case n < 30:
				fmt.Fprintf(&b, "%s ", strings.Repeat("é", n))
			default:
				fmt.Fprintf(&b, "only%d ", i)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("end")
	return b.Bytes()
}

// applied returns what the flow makes of text here and now.
func reference(t *testing.T, f *flow.Flow, text []byte) []byte {
	t.Helper()
	var want bytes.Buffer
	if _, _, err := f.Apply(bytes.NewReader(text), &want, 0); err != nil {
		t.Fatal(err)
	}
	return want.Bytes()
}

func TestKeyedResultsAreTheSameForAnyNumberOfSlotsAndAnyBatches(t *testing.T) {
	text := wildText(3000)
	in := file(t, text)
	for name, make := range map[string]func() *flow.Flow{"words": words, "letters": letters, "frequencies": frequencies} {
		want := reference(t, make(), text)
		for _, slots := range []int{1, 3} {
			for _, rows := range []int{0, 7, 5000} {
				t.Run(fmt.Sprintf("%s/slots=%d,rows=%d", name, slots, rows), func(t *testing.T) {
					got := scenario{flow: make(), inputs: []input.Input{in}, slots: slots, batchRows: rows}.results(t)
					if !bytes.Equal(got, want) {
						t.Errorf("%d bytes, want %d: first difference at %d", len(got), len(want), difference(got, want))
					}
				})
			}
		}
	}
}

// frequencies counts how many words come how often: a keyed stage behind another.
func frequencies() *flow.Flow {
	return words().Count("frequency", func(record []byte, add *flow.Counter) {
		_, count, _ := bytes.Cut(record, []byte{0x2c})
		add.Count(count)
	}).Titled("count", "words").Top(3)
}

// The manifest says what has crossed for each stage, and to the gatherer.
func TestWhatHasCrossedIsCounted(t *testing.T) {
	in := file(t, wildText(3000))
	for name, test := range map[string]struct {
		flow   *flow.Flow
		stages []string
	}{
		"words":       {words(), []string{"count", manifest.ResultsStage}},
		"letters":     {letters(), []string{"total", manifest.ResultsStage}},
		"frequencies": {frequencies(), []string{"count", "frequency", manifest.ResultsStage}},
	} {
		m, err := scenario{flow: test.flow, inputs: []input.Input{in}, slots: 2, dir: filepath.Join(t.TempDir(), "out")}.run(t)
		if err != nil {
			t.Fatal(err)
		}
		var stages []string
		for _, e := range m.Exchange {
			stages = append(stages, e.Stage)
			if e.Messages == 0 || e.Bytes == 0 {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if !slices.Equal(stages, test.stages) {
			t.Errorf("%s: stages %q, want %q", name, stages, test.stages)
		}
	}
}

func TestKeyedRunsOfNothingAreComplete(t *testing.T) {
	got := scenario{flow: words(), inputs: []input.Input{file(t, nil)}, slots: 2}.results(t)
	if string(got) != "word,count\n" {
		t.Errorf("results %q, want the title", got)
	}
}

// crewed runs a scenario with workers that reach the initializer over TCP and share nothing with it but a folder. during is
// called when the run is under way, with a way to start another worker and to end one without a word.
func (s scenario) crewed(t *testing.T, names []string, during func(start, kill func(name string))) []byte {
	t.Helper()
	s.dir, s.listen = filepath.Join(t.TempDir(), "out"), "127.0.0.1:0"
	in := s.open(t)
	if s.opened != nil {
		defer s.opened(in)()
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	kills := map[string]context.CancelCauseFunc{}
	start := func(name string) {
		own, kill := context.WithCancelCause(ctx)
		kills[name] = kill
		group.Go(func() error {
			err := Run(own, Config{Name: name, Slots: 1, URL: in.URL(), Token: "secret", Version: testVersion, Flow: s.makeFlow})
			if errors.Is(context.Cause(own), errKilled) {
				return nil
			}
			return err
		})
	}
	kill := func(name string) {
		kills[name](errKilled)
		in.Lose(name)
	}
	for _, name := range names {
		start(name)
	}
	ended := make(chan struct{})
	group.Go(func() error { defer close(ended); return in.Run(ctx) })
	if during != nil {
		during(start, kill)
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	m, err := in.Folder.Finish(nil)
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

var errKilled = errors.New("killed")

func TestKeyedResultsAreTheSameForAnyNumberOfWorkers(t *testing.T) {
	text := wildText(3000)
	in := file(t, text)
	for name, make := range map[string]func() *flow.Flow{"words": words, "letters": letters} {
		want := reference(t, make(), text)
		for n := 1; n <= 4; n++ {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				crew := []string{"w1", "w2", "w3", "w4"}[:n]
				got := scenario{flow: make(), inputs: []input.Input{in}, slots: n, batchRows: 50}.crewed(t, crew, nil)
				if !bytes.Equal(got, want) {
					t.Errorf("%d bytes, want %d: first difference at %d", len(got), len(want), difference(got, want))
				}
			})
		}
	}
}
