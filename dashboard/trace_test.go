package dashboard

import (
	"testing"
	"time"
)

func TestTraceOfALongRunStaysShortAndTrue(t *testing.T) {
	var tr trace
	const seconds = 100_000
	for i := range seconds {
		tr.push(float64(i))
	}
	list, every := tr.list()
	if len(list) > traceLength || len(list) < traceLength/2 {
		t.Fatalf("it is of %d stretches", len(list))
	}
	for i, v := range list[:len(list)-1] {
		want := (float64(i) + 0.5) * every.Seconds()
		if v < want-1 || v > want+1 {
			t.Fatalf("stretch %d of %v is %v, want %v", i, every, v, want)
		}
	}
	if every < seconds/traceLength*time.Second {
		t.Errorf("each stands for %v", every)
	}
}

func TestTraceOfAShortRunHasEverySecond(t *testing.T) {
	var tr trace
	tr.push(3)
	tr.push(5)
	if list, every := tr.list(); len(list) != 2 || list[1] != 5 || every != time.Second {
		t.Errorf("it is %v, each of %v", list, every)
	}
}
