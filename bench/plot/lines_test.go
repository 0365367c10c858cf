package plot

import (
	"strings"
	"testing"
)

func TestLinesShowWhatWasMeasured(t *testing.T) {
	p, err := Lines("waits", "Time against the ack wait", "ack wait, s", []Line{
		{Name: "no fault", X: []float64{0.3, 2}, Seconds: [][]float64{{1, 2, 4}, {2}}},
		{Name: "one stopped", X: []float64{0.3, 2}, Seconds: [][]float64{nil, {3}}},
		{Name: "none ended", X: []float64{0.3}, Seconds: [][]float64{nil}},
	})
	if err != nil {
		t.Fatal(err)
	}
	svg, err := p.Bytes("svg")
	if err != nil {
		t.Fatal(err)
	}
	said := text(t, svg)
	for _, want := range []string{"Time against the ack wait", "ack wait, s", "no fault", "one stopped", "seconds"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	}
	if strings.Contains(said, "none ended") {
		t.Error("a curve without a point has a name")
	}
	if _, err := Lines("x", "x", "x", []Line{{Name: "y", X: []float64{1}, Seconds: [][]float64{nil}}}); err == nil {
		t.Error("a plot of nothing")
	}
}
