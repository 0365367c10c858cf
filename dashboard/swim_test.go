package dashboard

import (
	"testing"
	"time"

	"flashmob/timeline"
	"flashmob/worker"
)

func TestSwimPlacesSpansAndMarksOnOneScale(t *testing.T) {
	begun := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return begun.Add(time.Duration(s) * time.Second) }
	s := swim([]timeline.Span{
		{Lane: "workers-1", Name: "boot", From: at(0), To: at(25)}, {Lane: "workers-1", Name: "work", From: at(25)}, // to the end
		{Lane: timeline.RunLane, Name: "feed", From: at(50), To: at(500)}, // later than the end
	}, []worker.Incident{
		{At: at(75), Kind: worker.IncidentRetried, Worker: "workers-1"}, {At: at(75), Kind: worker.IncidentJoined, Worker: "workers-1"},
		{At: at(75), Kind: worker.IncidentTakenOver, Worker: "elsewhere"},
	}, at(100))
	if len(s.Lanes) != 2 || s.Lanes[0].Name != timeline.RunLane || !s.Begun.Equal(begun) {
		t.Fatalf("it is %+v", s)
	}
	for _, one := range []struct {
		span     Stretch
		x, width float64
		length   string
	}{{s.Lanes[1].Spans[0], 0, 25, "25 s"}, {s.Lanes[1].Spans[1], 25, 75, "1 min 15 s"}, {s.Lanes[0].Spans[0], 50, 50, "50 s"}} {
		if one.span.X != one.x || one.span.Width != one.width || one.span.Length != one.length || !one.span.Named() {
			t.Errorf("%s of %s: %+v", one.span.Name, one.span.Lane, one.span)
		}
	}
	if marks := s.Lanes[1].Marks; len(marks) != 1 || marks[0].X != 75 || len(s.Lanes[0].Marks) != 0 || !s.Marked() {
		t.Errorf("the marks are %+v", marks)
	}
	if last := s.Ticks[len(s.Ticks)-1]; len(s.Ticks) != 4 || last != (Tick{90, "1:30"}) || s.Ticks[0].Text != "0 s" {
		t.Errorf("the scale is %+v", s.Ticks)
	}
	if names := s.Names(); len(names) != 3 {
		t.Errorf("the legend is of %v", names)
	}
}

func TestSwimOfNothingIsNothing(t *testing.T) {
	if s := swim(nil, nil, time.Now()); s != nil {
		t.Errorf("it is %+v", s)
	}
}

func TestStrideFallsIntoAnyTimeAFewTimes(t *testing.T) {
	for whole := 0.0011; whole < 1e8; whole *= 1.3 {
		if n := whole / stride(whole); n < 1 || n >= 5 {
			t.Errorf("in %v s it is %v, %.1f times", whole, stride(whole), n)
		}
	}
}

func TestComparedSaysByHowMuchItIsOff(t *testing.T) {
	for want, c := range map[string]Compared{
		"+8 %": {Predicted: ptr(140.), Actual: ptr(151.)}, "−50 %": {Predicted: ptr(2.), Actual: ptr(1.)}, "": {Predicted: ptr(2.)},
	} {
		if off := c.Off(); off != want {
			t.Errorf("it says %q, want %q", off, want)
		}
	}
	if off := (Compared{Predicted: ptr(0.), Actual: ptr(1.)}).Off(); off != "" {
		t.Errorf("of what was predicted as nothing it says %q", off)
	}
}
