package flow

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Results are put in order by sorting each stretch anew. That the runs are in order could be made use of instead: this
// compares the two, for many runs and for few, over a million keys such as query2's.
func BenchmarkStretches(b *testing.B) {
	for _, partitions := range []int{2, 8, 32, 512} {
		k, runs := millionKeys(b, partitions)
		stretches, err := k.Split(runs, 16)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("runs=%d/sorted", partitions), func(b *testing.B) {
			for b.Loop() {
				for _, s := range stretches {
					if _, err := k.Write(s, func([]byte) error { return nil }); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(fmt.Sprintf("runs=%d/merged", partitions), func(b *testing.B) {
			var out, key []byte
			for b.Loop() {
				for _, s := range stretches {
					out = out[:0]
					err := k.merge(s.entries, func(r *ranked) (bool, error) {
						key = r.appendKey(key[:0])
						out = append(k.appendRecord(out, key, r.value), '\n')
						return true, nil
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// millionKeys returns the runs of so many partitions of a sum over a million keys.
func millionKeys(b *testing.B, partitions int) (*Keyed, [][]byte) {
	k := New("sums", Lines).Sum("sum", func([]byte, *Adder) {}).Keyed()[0]
	c := newCollector(k, partitions)
	c.start()
	random := rand.New(rand.NewPCG(1, 2))
	var key []byte
	for range 1_000_000 {
		key = fmt.Appendf(key[:0], "%d.%d.%d", random.IntN(256), random.IntN(256), random.IntN(256))
		c.add(key, Decimal{lo: random.Uint64N(1 << 60)})
		if c.adds >= sampled {
			c.commit()
		}
	}
	runs := make([][]byte, partitions)
	for i, segment := range c.entries(nil) {
		state := k.NewState(i, partitions)
		if _, err := state.Apply(segment, nil); err != nil {
			b.Fatal(err)
		}
		runs[i] = state.Run(nil)
	}
	return k, runs
}
