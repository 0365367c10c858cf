package dashboard

import (
	"testing"
	"time"
)

// A chart stays as it is for a while; the words beside it are of now. It is drawn anew when the while is over, when the run ends
// and when there is another.
func TestChartsAreDrawnNowAndThen(t *testing.T) {
	var e easel
	begun := time.Now()
	values := []float64{1, 2}
	look := func(after time.Duration, id, state string) Graph {
		t.Helper()
		values = append(values, values[len(values)-1]*2)
		now := values[len(values)-1]
		all, err := e.graphs(&Run{ID: id, State: state, Rows: &now, History: &History{Rows: values}}, begun.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	first := look(0, "a", "going")
	if next := look(drawEvery-1, "a", "going"); next.SVG != first.SVG || next.Says == first.Says {
		t.Errorf("a moment later the chart is another: %t; the words are: %t", next.SVG != first.SVG, next.Says != first.Says)
	}
	for _, step := range []struct {
		what      string
		after     time.Duration
		id, state string
	}{
		{"later", drawEvery, "a", "going"},
		{"at the end", drawEvery + 1, "a", "done"},
		{"of another run", drawEvery + 2, "b", "done"},
	} {
		next := look(step.after, step.id, step.state)
		if next.SVG == first.SVG {
			t.Errorf("%s the chart is the same", step.what)
		}
		first = next
	}
}
