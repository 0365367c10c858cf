package worker

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestASlotSaysThatItHasWaitedLongForItsProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := []*lanes{newLanes(), newLanes(), newLanes()}
		slots[1].begin()
		time.Sleep(LongWait / 2) // synctest's clock
		slots[2].begin()
		slots[2].begin()
		if got := longest(slots); got != nil {
			t.Errorf("after half of a long wait: %+v", got)
		}
		time.Sleep(LongWait / 2)
		if got := longest(slots); got == nil || got.Slot != 2 || got.For != LongWait {
			t.Errorf("%+v, want slot 2", got)
		}
		slots[1].end()
		slots[2].end() // it has another one, and gives something
		time.Sleep(LongWait - time.Second)
		if got := longest(slots); got != nil {
			t.Errorf("one gives something, one has nothing to do: %+v", got)
		}
		time.Sleep(time.Second)
		if got := longest(slots); got == nil || got.Slot != 3 || got.For != LongWait {
			t.Errorf("%+v, want slot 3", got)
		}
	})
}

func TestTheRunWaitsForTheProgramThatHasGivenNothingForLongest(t *testing.T) {
	_, folder := gathering(t, 0)
	in := newInitializer(InitializerConfig{Folder: folder})
	s := Status{Slots: 4, Out: 4, Workers: []WorkerState{
		{Name: "a", Slots: 2, Busy: 2, Program: &ProgramWait{Slot: 1, For: 40 * time.Second}},
		{Name: "b", Slots: 2, Busy: 2, Program: &ProgramWait{Slot: 2, For: 70 * time.Second}},
		{Name: "c", Lost: true, Program: &ProgramWait{Slot: 1, For: time.Hour}},
	}}
	if got, want := in.waits(s), "for the program of slot 2 of b, for 1m10s; --timeout says how long it may take over a batch"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
