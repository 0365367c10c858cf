package worker

import (
	"math/rand/v2"
	"testing"

	"flashmob/manifest"
)

func ranged(input int, from, to int64) Batch {
	return Batch{Kind: manifest.Records, Input: input, Offset: from, Length: to - from}
}

func TestAppliedTakesEveryRangeOnce(t *testing.T) {
	tests := []struct {
		name string
		had  []Batch
		b    Batch
		new  bool
	}{
		{"nothing was there", nil, ranged(0, 0, 10), true},
		{"the same", []Batch{ranged(0, 0, 10)}, ranged(0, 0, 10), false},
		{"behind", []Batch{ranged(0, 0, 10)}, ranged(0, 10, 20), true},
		{"before", []Batch{ranged(0, 10, 20)}, ranged(0, 0, 10), true},
		{"the same of another input", []Batch{ranged(0, 0, 10)}, ranged(1, 0, 10), true},
		{"its first half", []Batch{ranged(0, 0, 10)}, ranged(0, 0, 5), false},
		{"its second half", []Batch{ranged(0, 0, 10)}, ranged(0, 5, 10), false},
		{"the whole after a half", []Batch{ranged(0, 5, 10)}, ranged(0, 0, 10), false},
		{"into the gap", []Batch{ranged(0, 0, 10), ranged(0, 20, 30)}, ranged(0, 10, 20), true},
		{"over the gap's edge", []Batch{ranged(0, 0, 10), ranged(0, 20, 30)}, ranged(0, 10, 21), false},
		{"around something", []Batch{ranged(0, 10, 20)}, ranged(0, 0, 30), false},
		{"a generated input's header", []Batch{ranged(0, 0, 10)}, ranged(0, -1, 0), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := applied{}
			for _, b := range test.had {
				a.add(b)
			}
			if got := a.add(test.b); got != test.new {
				t.Errorf("add: %t, want %t; the set is %v", got, test.new, a)
			}
		})
	}
}

// In whatever order neighbours come, they end as one range, and coming again changes nothing.
func TestAppliedGrowsTogether(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		a := applied{}
		for _, i := range random.Perm(50) {
			if !a.add(ranged(3, int64(i*7), int64(i*7+7))) {
				t.Fatalf("batch %d was not new", i)
			}
			if a.add(ranged(3, int64(i*7+3), int64(i*7+4))) {
				t.Fatalf("a piece of batch %d was new", i)
			}
		}
		if len(a[3]) != 1 || a[3][0] != (span{0, 350}) {
			t.Fatalf("the set is %v, want one range", a)
		}
	}
}
