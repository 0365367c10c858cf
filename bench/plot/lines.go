package plot

import (
	"fmt"

	"gonum.org/v1/plot/plotter"

	"flashmob/bench"
)

// A Line is one curve of Lines: seconds at each X, as many as were measured.
type Line struct {
	Name    string
	X       []float64
	Seconds [][]float64 // sorted; where there are none, the curve has a gap at that X
}

// Lines draws curves of medians, with the whole spread, against a named quantity that is shown on a logarithmic axis.
func Lines(name, title, x string, lines []Line) (Plot, error) {
	p := blank(&bench.Series{}, title, x, "seconds")
	p.Title.Text = title
	var xs, ys []float64
	for i, line := range lines {
		var at plotter.XYs
		var spread plotter.YErrors
		for k, seconds := range line.Seconds {
			if len(seconds) == 0 {
				continue
			}
			least, median, most := seconds[0], bench.Median(seconds), seconds[len(seconds)-1]
			at = append(at, plotter.XY{X: line.X[k], Y: median})
			spread = append(spread, struct{ Low, High float64 }{median - least, most - median})
			xs, ys = append(xs, line.X[k]), append(ys, most)
		}
		if len(at) == 0 {
			continue
		}
		if err := curve(p, i, line.Name, at, spread); err != nil {
			return Plot{}, fmt.Errorf("plot %s: %w", name, err)
		}
	}
	if len(xs) == 0 {
		return Plot{}, fmt.Errorf("plot %s: nothing was measured", name)
	}
	logarithmic(&p.X, xs)
	p.Y.Min = 0
	for _, y := range ys {
		p.Y.Max = max(p.Y.Max, 1.25*y) // room for the legend
	}
	return Plot{name, p}, nil
}
