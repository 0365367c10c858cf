package worker

import (
	"bytes"
	"slices"
	"testing"

	"flashmob/flow"
)

// entriesOf returns what a batch of lines has for the partitions of a flow.
func entriesOf(f *flow.Flow, partitions int, text string) [][]byte {
	pass := f.NewPass(flow.Limits{Partitions: partitions})
	pass.Begin()
	_ = pass.Run([]byte(text), nil) // only the sink's errors
	return pass.Entries(nil)
}

// delivery returns a delivery of a batch's entries.
func delivery(seq uint64, b Batch, entries [][]byte) *delivered {
	d := &delivered{seq: seq}
	d.Part.Batch = b
	for _, e := range entries {
		d.Segments = append(d.Segments, int64(len(e)))
		d.body = append(d.body, e...)
	}
	return d
}

// outputs applies deliveries to a partition and returns what it puts out, and its run.
func outputs(t *testing.T, p *partition, deliveries ...*delivered) (out []byte) {
	t.Helper()
	for _, d := range deliveries {
		if err := d.load(nil, p.number, p.number); err != nil {
			t.Fatal(err)
		}
		if err := p.take(d, func(y yield) { out = append(out, y.body...) }); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// A partition that goes on from a snapshot makes what one makes that saw everything, wherever the snapshot was taken, also
// when deliveries wait in it for their turn.
func TestASnapshotIsAllThatANewOwnerNeeds(t *testing.T) {
	for name, make := range map[string]func() *flow.Flow{"words": words, "letters": letters} {
		f := make()
		var all []*delivered
		order := []int{2, 0, 3, 1, 5, 4}
		for seq, i := range order {
			text := []string{"a one two", "b two", "a", "c three one", "b b", "a a a"}[i] + "\n"
			all = append(all, delivery(uint64(seq+1), ranged(0, int64(i*10), int64(i*10+10)), entriesOf(f, 1, text)))
		}
		all[slices.Index(order, 0)].Part.Batch.After = &front
		again := *all[0] // the first comes twice: the second time it changes nothing
		again.seq = uint64(len(all) + 1)
		all = append(all, &again)
		if !f.Keyed()[0].OnUpdate() {
			all = append(all, &delivered{Delivery: Delivery{End: true}, seq: uint64(len(all) + 1)})
		}
		want := outputs(t, newPartition(0, 1, f.Keyed()), all...)
		for cut := range all {
			first := newPartition(0, 1, f.Keyed())
			got := outputs(t, first, all[:cut]...)
			body, err := first.encode(nil)
			if err != nil {
				t.Fatal(err)
			}
			at := first.settled()
			second, err := decodePartition(body, 0, 1, f.Keyed())
			if err != nil {
				t.Fatal(err)
			}
			second.at = at
			got = append(got, outputs(t, second, all[at:]...)...)
			if !bytes.Equal(got, want) {
				t.Errorf("%s, snapshot behind delivery %d: %q, want %q", name, cut, got, want)
			}
		}
		if torn, err := decodePartition([]byte("\x02{}"), 0, 1, f.Keyed()); err == nil {
			t.Errorf("%s: a torn snapshot gives %v", name, torn)
		}
	}
}
