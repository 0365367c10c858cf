package worker

import (
	"testing"
	"testing/synctest"
)

// Every batch that a lane holds is memory: as many as keep an operator busy are enough, unless it asks for more.
func TestLanesHoldNoMoreBatchesThanTheOperatorAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		const all = usualLanes + 4
		entered := make(chan error, all)
		for range all {
			go func() { entered <- l.enter(t.Context()) }()
		}
		synctest.Wait()
		if n := len(entered); n != usualLanes {
			t.Errorf("%d lanes hold a batch, want %d", n, usualLanes)
		}
		l.leave(1)
		synctest.Wait()
		if n := len(entered); n != usualLanes+1 {
			t.Errorf("when one is done, %d have had one, want %d", n, usualLanes+1)
		}
		l.widen()
		l.widen()
		synctest.Wait()
		if n := len(entered); n != all {
			t.Errorf("when the operator asks for more, %d have one, want %d", n, all)
		}
		for range all {
			if err := <-entered; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSpareBuffersAreUsedAgainTheLastOneFirst(t *testing.T) {
	var s spares
	if s.Buffer() != nil {
		t.Error("a buffer where there is none")
	}
	a, b := make([]byte, 10, 100), make([]byte, 10, 200)
	s.recycle(a)
	s.recycle(b)
	s.recycle(nil)
	if got := s.Buffer(); len(got) != 0 || cap(got) != 200 {
		t.Errorf("%d of %d bytes, want 0 of 200", len(got), cap(got))
	}
	s.recycle(make([]byte, 0, sparesMost)) // beside the other one that is too much
	if got := s.Buffer(); cap(got) != 100 {
		t.Errorf("%d bytes, want 100", cap(got))
	}
	s.recycle(make([]byte, 0, 2*sparesMost)) // one of any size is kept
	if got := s.Buffer(); cap(got) != 2*sparesMost {
		t.Errorf("%d bytes, want %d", cap(got), 2*sparesMost)
	}
}
