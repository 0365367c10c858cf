package worker

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"flashmob/flow"
	"flashmob/input"
)

// echo publishes every message of the run's streams once more, as a worker does that has lost the log's reply. The
// returned function ends it and says how many there were.
func echo(t *testing.T, in *Initializer) (stop func() int) {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(in.server), nats.Token(in.Token))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, subject := range []string{batchSubject, partSubject, exchangeSubject} {
		_, err := nc.Subscribe(subject, func(msg *nats.Msg) {
			if msg.Header.Get("Again") == "" {
				n++
				again := nats.NewMsg(msg.Subject)
				again.Data, again.Header = msg.Data, nats.Header{"Again": {"1"}}
				nc.PublishMsg(again)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return func() int {
		nc.Close()
		return n
	}
}

// Everything that is said in a run is said twice, bodies in the depot included, and nothing changes.
func TestMessagesThatComeTwiceChangeNothing(t *testing.T) {
	lines := file(t, wildText(24000))
	for name, c := range map[string]struct {
		make func() *flow.Flow
		in   input.Input
		rows int
	}{
		"tag":         {tag, file(t, wildCSV(6000)), 300},
		"words":       {words, lines, 2000},
		"letters":     {letters, lines, 6000},
		"frequencies": {frequencies, lines, 2000},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario{flow: c.make(), inputs: []input.Input{c.in}, slots: 3, batchRows: c.rows}
			want := s.results(t)
			said := 0
			s.opened = func(in *Initializer) func() {
				stop := echo(t, in)
				return func() { said = stop() }
			}
			got := s.crewed(t, []string{"w1", "w2", "w3"}, nil)
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes, want %d: first difference at %d", len(got), len(want), difference(got, want))
			}
			if said == 0 {
				t.Error("nothing was said twice")
			}
		})
	}
}

// A delivery that came before may have been forgotten by the depot: nobody asks for its body again.
func TestADeliveryThatComesTwiceIsNotLoadedAgain(t *testing.T) {
	for name, make := range map[string]func() *flow.Flow{"words": words, "letters": letters} {
		f := make()
		p := newPartition(0, 1, f.Keyed())
		first := delivery(1, ranged(0, 0, 10), entriesOf(f, 1, "a b\n"))
		first.Part.Batch.After = &front
		early := delivery(2, ranged(0, 20, 30), entriesOf(f, 1, "a\n"))
		for _, d := range []*delivered{first, early} {
			if !p.wants(d) {
				t.Errorf("%s: delivery %d is not wanted", name, d.seq)
			}
			outputs(t, p, d)
		}
		body, err := p.encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		heir, err := decodePartition(body, 0, 1, f.Keyed())
		if err != nil {
			t.Fatal(err)
		}
		heir.at = p.settled()
		for _, d := range []*delivered{first, early} {
			again := *d
			again.seq += 2
			if p.wants(&again) {
				t.Errorf("%s: delivery %d is wanted again", name, d.seq)
			}
		}
		again := *first
		if again.seq = 3; heir.wants(&again) {
			t.Errorf("%s: a new owner wants what is in its snapshot", name)
		}
	}
}

// deaf loses the reply to the first update.
type deaf struct {
	jetstream.KeyValue
	lost bool
}

func (d *deaf) Update(ctx context.Context, key string, value []byte, last uint64) (uint64, error) {
	revision, err := d.KeyValue.Update(ctx, key, value, last)
	if err == nil && !d.lost {
		d.lost = true
		return 0, nats.ErrTimeout
	}
	return revision, err
}

func TestASnapshotWhoseReplyIsLostIsKept(t *testing.T) {
	s := scenario{flow: words(), inputs: []input.Input{file(t, nil)}, slots: 1, dir: filepath.Join(t.TempDir(), "out")}
	in := s.open(t)
	bucket, err := in.js.KeyValue(t.Context(), snapshotBucket)
	if err != nil {
		t.Fatal(err)
	}
	kept := snapshots{&deaf{KeyValue: bucket}, in.depot, in.Log}
	p := newPartition(3, 32, s.flow.Keyed())
	for at := range uint64(2) {
		p.at = 7 + at
		if err := kept.save(t.Context(), p, 1); err != nil {
			t.Fatal(err)
		}
		found, err := kept.find(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := kept.load(t.Context(), found, 3, 32, s.flow.Keyed())
		if err != nil {
			t.Fatal(err)
		}
		if loaded.at != p.at || found.revision != p.record.revision {
			t.Errorf("the snapshot is of delivery %d, revision %d; want %d, %d", loaded.at, found.revision, p.at, p.record.revision)
		}
	}
}
