package worker

import (
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
)

func TestBatchesTakeAQuarterOfASecond(t *testing.T) {
	const first, limit, slots = 64 << 10, 8 << 20, 2
	for name, rate := range map[string]float64{"fast": 75e6, "slow": 37e3, "very slow": 50} {
		t.Run(name, func(t *testing.T) {
			var s sizer
			if got := s.next(first, limit, -1, slots); got != first {
				t.Fatalf("the first batch has %d bytes, want %d", got, first)
			}
			size := int64(first)
			for range 20 { // batches that take what their size takes at the rate
				s.observe(size, time.Duration(float64(size)/rate*float64(time.Second)), 0)
				if next := s.next(first, limit, -1, slots); next > growth*size {
					t.Fatalf("a batch of %d bytes after one of %d", next, size)
				} else {
					size = next
				}
			}
			if want := max(min(int64(rate/4), limit), 1); size < want-1 || size > want+1 {
				t.Errorf("batches have %d bytes, want %d", size, want)
			}
		})
	}
}

func TestBatchesShrinkTowardsTheEnd(t *testing.T) {
	var s sizer
	s.observe(8<<20, 100*time.Millisecond, 0)
	last, batches := int64(1<<62), 0
	for remaining := int64(100 << 20); remaining > 0; batches++ {
		size := min(s.next(1, 8<<20, remaining, 4), remaining)
		if size > last {
			t.Fatalf("a batch of %d follows one of %d", size, last)
		}
		last = size
		remaining -= size
	}
	if limit := int64(1 << 20); last > limit {
		t.Errorf("the last batch has %d bytes, want at most %d", last, limit)
	}
	if batches > 60 {
		t.Errorf("%d batches for 100 MiB", batches)
	}
}

func TestSmallBatchesAreHeldInGreaterNumber(t *testing.T) {
	for _, c := range []struct {
		took time.Duration
		want int
	}{{0, 2}, {time.Second, 2}, {10 * time.Millisecond, 5}, {time.Microsecond, 2 + aheadMost}} {
		var p pace
		p.observe(c.took)
		if got := p.hold(); got != c.want {
			t.Errorf("batches of %s: holds %d for a slot, want %d", c.took, got, c.want)
		}
	}
}

func TestOnlyALongWaitForAnInputIsWorthANote(t *testing.T) {
	for _, c := range []struct {
		reading, all time.Duration
		want         bool
	}{{time.Second, time.Second, false}, {9 * time.Second, 10 * time.Second, true}, {5 * time.Second, 10 * time.Second, false}} {
		if got := waitsForInput(c.reading, c.all); got != c.want {
			t.Errorf("%s of %s: %t", c.reading, c.all, got)
		}
	}
}

// What lives for many batches has several of them in memory, what is started for each does better with large ones.
func TestLargeBatchesAreForProgramsThatAreStartedForEach(t *testing.T) {
	for name, c := range map[string]struct {
		started bool
		uri     string
		want    int64
	}{
		"long-lived": {false, "rows.txt", longBatch}, "started": {true, "rows.txt", startedBatch},
		"long-lived, remote": {false, "https://host/rows.txt", remoteBatch}, "started, of a stream": {true, "-", operatorBatch},
	} {
		f := feeder{flow: flow.New("fake", flow.Lines).Through("fake", 2, c.started, nil)}
		f.run.Inputs = []input.Input{{URI: c.uri, Size: 1 << 40}}
		if c.uri == "-" {
			f.run.Inputs[0] = input.Stdin
		}
		if got := f.largest(0); got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, got, c.want)
		}
	}
}

// A program that takes as long over little as over much gets much: else batches would become smaller and smaller.
func TestWhatAProgramTakesForEveryBatchMakesThemLarge(t *testing.T) {
	const slots, start = 2, 2 * time.Millisecond
	for name, c := range map[string]struct {
		fixed  time.Duration
		rate   float64 // bytes a second, beside that
		atMost int     // batches of 128 MiB
	}{
		"imports when it has read": {300 * time.Millisecond, 100e6, 20},
		"takes seconds to end":     {3 * time.Second, 500e6, 20},
		"only works":               {0, 10e6, 80},
	} {
		var s sizer
		batches := 0
		for remaining := int64(128 << 20); remaining > 0; batches++ {
			size := min(s.next(s.firstStarted(remaining, slots), startedBatch, remaining, slots), remaining)
			s.observe(size, c.fixed+time.Duration(float64(size)/c.rate*float64(time.Second)), start)
			remaining -= size
		}
		if batches > c.atMost {
			t.Errorf("a program that %s: %d batches, want at most %d", name, batches, c.atMost)
		}
	}
}
