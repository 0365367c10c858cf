package dashboard

import (
	"fmt"
	"slices"
	"time"

	"flashmob/timeline"
	"flashmob/worker"
)

// Swim is the report's picture of who did what when: a lane for the run and one for each host, over a scale of time.
type Swim struct {
	Begun time.Time
	Lanes []Lane
	Ticks []Tick
}

// Lane is what one host went through.
type Lane struct {
	Name  string
	Spans []Stretch
	Marks []Mark
}

// Stretch is a span in the picture; X and Width are percents of it.
type Stretch struct {
	timeline.Span
	X, Width float64
	Length   string
}

// Named says whether the stretch is wide enough for its name to stand in it.
func (s Stretch) Named() bool { return s.Width >= 6 }

// Mark is a moment at which something happened to a host; X is a percent of the picture.
type Mark struct {
	worker.Incident
	X float64
}

// Tick is a mark of the scale; X is a percent of the picture.
type Tick struct {
	X    float64
	Text string
}

// marked are the incidents that a lane does not show by its phases.
var marked = []string{worker.IncidentRetried, worker.IncidentTakenOver}

// swim makes the picture of spans and incidents; it ends with the report. Nil where there are no spans.
func swim(spans []timeline.Span, incidents []worker.Incident, ended time.Time) *Swim {
	if len(spans) == 0 {
		return nil
	}
	first := slices.MinFunc(spans, func(a, b timeline.Span) int { return a.From.Compare(b.From) })
	s := &Swim{Begun: first.From}
	whole := max(ended.Sub(s.Begun).Seconds(), 0.001)
	place := func(at time.Time) float64 { return min(max(100*at.Sub(s.Begun).Seconds()/whole, 0), 100) }
	for _, name := range timeline.Lanes(spans) {
		lane := Lane{Name: name}
		for _, one := range spans {
			if one.Lane != name {
				continue
			}
			to := one.To
			if to.IsZero() || to.After(ended) {
				to = ended
			}
			x := place(one.From)
			length := max(to.Sub(one.From).Seconds(), 0)
			lane.Spans = append(lane.Spans, Stretch{Span: one, X: x, Width: max(place(to)-x, 0.15), Length: Seconds(length)})
		}
		for _, incident := range incidents {
			if incident.Worker == name && slices.Contains(marked, incident.Kind) {
				lane.Marks = append(lane.Marks, Mark{incident, place(incident.At)})
			}
		}
		s.Lanes = append(s.Lanes, lane)
	}
	step := stride(whole)
	for at := 0.; at <= whole; at += step {
		s.Ticks = append(s.Ticks, Tick{100 * at / whole, elapsed(at)})
	}
	return s
}

// Names returns the names of all phases in the picture, for its legend.
func (s *Swim) Names() (names []string) {
	for _, lane := range s.Lanes {
		for _, one := range lane.Spans {
			if !slices.Contains(names, one.Name) {
				names = append(names, one.Name)
			}
		}
	}
	return names
}

// Marked says whether there is a mark in the picture.
func (s *Swim) Marked() bool {
	return slices.ContainsFunc(s.Lanes, func(lane Lane) bool { return len(lane.Marks) > 0 })
}

// strides are the round steps of a scale of time, in seconds.
var strides = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 6 * 3600}

// stride returns the round step that falls into so many seconds at most five times.
func stride(whole float64) float64 {
	for _, step := range strides {
		if whole/step < 5 {
			return step
		}
	}
	days := 86400.
	for whole/days >= 5 {
		days *= 2
	}
	return days
}

// elapsed writes a time at the scale: 200 ms, 15 s, 2:30 (minutes), 1:00:00.
func elapsed(seconds float64) string {
	whole := int(seconds + 0.5)
	switch {
	case seconds < 60:
		return Seconds(seconds)
	case seconds < 3600:
		return fmt.Sprintf("%d:%02d", whole/60, whole%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", whole/3600, whole/60%60, whole%60)
}
