package timeline

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestALaneIsInOnePhaseAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line Timeline
		begun := time.Now()
		line.Begin("workers-1", "connect")
		line.Note("workers-1", "ssh refused")
		time.Sleep(2 * time.Second)
		line.Begin("workers-1", Work)
		line.Begin(RunLane, Work)
		time.Sleep(3 * time.Second)
		line.Fall("workers-1", "silent for 3 s")
		line.Fall("workers-1", "its process is gone")
		line.Begin("workers-2", Work)
		time.Sleep(time.Second)
		line.EndAll()
		second := func(n int) time.Time { return begun.Add(time.Duration(n) * time.Second) }
		want := []Span{
			{"workers-1", "connect", second(0), second(2), "ssh refused"},
			{"workers-1", Work, second(2), second(5), ""},
			{RunLane, Work, second(2), second(6), ""},
			{"workers-1", Lost, second(5), second(6), "silent for 3 s"},
			{"workers-2", Work, second(5), second(6), ""},
		}
		if got := line.Spans(); !slices.Equal(got, want) {
			t.Errorf("got\n%v\nwant\n%v", got, want)
		}
	})
}

func TestWhatHasEndedIsLeftAlone(t *testing.T) {
	var line Timeline
	line.Begin("a", Work)
	line.End("a")
	ended := line.Spans()[0].To
	line.Note("a", "too late")
	line.End("a")
	line.End("b")
	line.EndAll()
	if got := line.Spans(); len(got) != 1 || got[0].To != ended || got[0].Note != "" {
		t.Errorf("got %v", got)
	}
}

func TestLanesAreInTheOrderInWhichPeopleCount(t *testing.T) {
	var spans []Span
	for _, lane := range []string{"workers-10", "workers-9", "initializer-1", RunLane, "workers-10", "metrics-1"} {
		spans = append(spans, Span{Lane: lane})
	}
	want := []string{RunLane, "initializer-1", "metrics-1", "workers-9", "workers-10"}
	if got := Lanes(spans); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
