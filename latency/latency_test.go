package latency

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// drawn returns n durations from microseconds to minutes, spread as latencies are: over orders of magnitude.
func drawn(seed uint64, n int) []time.Duration {
	random := rand.New(rand.NewPCG(seed, 1))
	values := make([]time.Duration, n)
	for i := range values {
		values[i] = time.Duration(math.Exp(math.Log(20e3) + random.Float64()*math.Log(6e10/20e3)))
	}
	return values
}

func observed(values []time.Duration) *Histogram {
	h := New()
	for _, v := range values {
		h.Observe(v)
	}
	return h
}

// exact returns the smallest value that at least so many percent are not larger than.
func exact(sorted []time.Duration, percentile float64) time.Duration {
	return sorted[max(int(math.Ceil(percentile/100*float64(len(sorted))))-1, 0)]
}

func TestPercentilesAreRightToOnePercentHoweverManyWorkersTheyComeFrom(t *testing.T) {
	all, merged := []time.Duration{}, New()
	for worker := range uint64(7) {
		values := drawn(worker, 3000*int(worker+1))
		all = append(all, values...)
		merged.Add(observed(values))
	}
	slices.Sort(all)
	if merged.Count() != int64(len(all)) {
		t.Errorf("%d durations, want %d", merged.Count(), len(all))
	}
	for _, percentile := range []float64{1, 50, 95, 99, 99.9, 99.99, 100} {
		got, want := merged.At(percentile), exact(all, percentile)
		if off := math.Abs(float64(got-want)) / float64(want); off > 0.01 {
			t.Errorf("percentile %v: %v, want %v: %.2f %% off", percentile, got, want, 100*off)
		}
	}
}

// The percentiles of workers that differ cannot be averaged: the histogram must not do it either.
func TestPercentilesAreNotAveraged(t *testing.T) {
	fast, slow := New(), New()
	for range 990 {
		fast.Observe(time.Millisecond)
	}
	for range 10 {
		slow.Observe(time.Second)
	}
	fast.Add(slow)
	if p := fast.At(50); p > 1010*time.Microsecond {
		t.Errorf("the median of 990 that took 1 ms and 10 that took 1 s is %v", p)
	}
}

func TestWhatIsSentIsWhatComes(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10_000} {
		sent := observed(drawn(9, n))
		text, err := sent.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		came := New()
		if err := came.UnmarshalBinary(text); err != nil {
			t.Fatal(err)
		}
		if !came.hdr.Equals(sent.hdr) || came.Sum() != sent.Sum() || came.At(99) != sent.At(99) {
			t.Errorf("%d durations: not the same", n)
		}
		if n == 10_000 && len(text) > 8000 {
			t.Errorf("10 000 durations take %d bytes", len(text))
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	whole, err := observed(drawn(3, 50)).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		h := New()
		if err := h.UnmarshalBinary(text); err != nil {
			if !errors.Is(err, ErrTorn) {
				t.Fatal(err)
			}
			return
		}
		again, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		other := New()
		if err := other.UnmarshalBinary(again); err != nil || other.Count() != h.Count() || other.Sum() != h.Sum() {
			t.Errorf("%x came as %x: %v", text, again, err)
		}
	})
}

func TestBelowCountsWhatIsNotLonger(t *testing.T) {
	values := drawn(5, 20_000)
	h := observed(values)
	bounds := []time.Duration{100 * time.Microsecond, time.Millisecond, 10 * time.Millisecond, time.Second, time.Hour}
	for i, got := range h.Below(bounds) {
		lower, upper := int64(0), int64(0) // a value within 1 % of the bound may count on either side
		for _, v := range values {
			if float64(v) <= 0.99*float64(bounds[i]) {
				lower++
			}
			if float64(v) <= 1.01*float64(bounds[i]) {
				upper++
			}
		}
		if got < lower || got > upper {
			t.Errorf("%v: %d are not longer, want %d to %d", bounds[i], got, lower, upper)
		}
	}
}

func TestWhatIsTooLongCountsAsTheLongest(t *testing.T) {
	h := New()
	h.Observe(1000 * time.Hour)
	h.Observe(-time.Second)
	if h.Count() != 2 || h.Longest() < 47*time.Hour {
		t.Errorf("%d durations, the longest %v", h.Count(), h.Longest())
	}
}

func TestManyMayObserveAtOnce(t *testing.T) {
	h, total := New(), New()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 500 {
				h.Observe(time.Duration(i) * time.Microsecond)
				if i%100 == 0 {
					total.Add(h)
				}
			}
		})
	}
	group.Wait()
	if h.Count() != 4000 {
		t.Errorf("%d durations, want 4000", h.Count())
	}
}
