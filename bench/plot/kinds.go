package plot

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"flashmob/bench"
)

// timeAgainstSize has a curve for each number of rows, both axes logarithmic: what scales is a straight line downwards.
func timeAgainstSize(s *bench.Series) (*plot.Plot, bool, error) {
	p := blank(s, "Time against size (median, whole spread)", sizeName(s), "seconds")
	var xs, ys []float64
	for i, rows := range s.Rows {
		var at plotter.XYs
		var spread plotter.YErrors
		for _, size := range s.Sizes {
			point, _ := s.At(rows, size)
			times := point.Times()
			if len(times) == 0 {
				continue
			}
			median := bench.Median(times)
			at = append(at, plotter.XY{X: float64(size), Y: median})
			spread = append(spread, struct{ Low, High float64 }{median - times[0], times[len(times)-1] - median})
			xs, ys = append(xs, float64(size)), append(ys, times[0], times[len(times)-1])
		}
		if len(at) == 0 {
			continue
		}
		if err := curve(p, i, bench.Grouped(rows)+" rows", at, spread); err != nil {
			return nil, false, err
		}
	}
	if len(xs) == 0 {
		return nil, false, nil
	}
	logarithmic(&p.X, xs)
	logarithmic(&p.Y, ys)
	headroom(p, len(s.Rows))
	p.X.Tick.Marker = sizes(s.Sizes)
	return p, true, nil
}

// sizes are ticks at the sizes that were measured.
type sizes []int

func (all sizes) Ticks(_, _ float64) []plot.Tick {
	var ticks []plot.Tick
	for _, size := range all {
		ticks = append(ticks, plot.Tick{Value: float64(size), Label: fmt.Sprint(size)})
	}
	return ticks
}

// costAgainstTime has a curve for each number of rows, from the smallest size to the largest, and a ring around the knee.
func costAgainstTime(s *bench.Series) (*plot.Plot, bool, error) {
	p := blank(s, "Cost against time, a dot a size", "seconds", "dollars")
	var xs, ys []float64
	named := false
	for i, rows := range s.Rows {
		var at plotter.XYs
		knee := -1
		for _, size := range s.Sizes {
			point, _ := s.At(rows, size)
			if times := point.Times(); len(times) > 0 && point.Cost() > 0 {
				if size == s.Knee(rows) {
					knee = len(at)
				}
				at = append(at, plotter.XY{X: bench.Median(times), Y: point.Cost()})
				xs, ys = append(xs, bench.Median(times)), append(ys, point.Cost())
			}
		}
		if len(at) == 0 {
			continue
		}
		if err := curve(p, i, bench.Grouped(rows)+" rows", at, nil); err != nil {
			return nil, false, err
		}
		if knee >= 0 {
			name := ""
			if !named {
				name, named = "the knee: beyond it speed costs more than it brings", true
			}
			if err := ring(p, at[knee], name); err != nil {
				return nil, false, err
			}
		}
	}
	if len(xs) == 0 {
		return nil, false, nil
	}
	logarithmic(&p.X, xs)
	logarithmic(&p.Y, ys)
	headroom(p, len(s.Rows)+1)
	return p, true, nil
}

// efficiencyAgainstSize has a curve for each number of rows: 100 % is the smallest size's work.
func efficiencyAgainstSize(s *bench.Series) (*plot.Plot, bool, error) {
	if len(s.Sizes) < 2 {
		return nil, false, nil
	}
	p := blank(s, "Efficiency against size", sizeName(s), "% of the smallest size's rows a second of one")
	drawn := false
	for i, rows := range s.Rows {
		var at plotter.XYs
		for _, size := range s.Sizes {
			if point, _ := s.At(rows, size); len(point.Times()) > 0 {
				at = append(at, plotter.XY{X: float64(size), Y: 100 * s.Efficiency(point)})
			}
		}
		if len(at) == 0 {
			continue
		}
		drawn = true
		if err := curve(p, i, bench.Grouped(rows)+" rows", at, nil); err != nil {
			return nil, false, err
		}
	}
	p.Y.Min, p.Y.Max = 0, max(105, p.Y.Max)
	p.Legend.Top, p.Legend.Left, p.Legend.XOffs, p.Legend.YOffs = false, true, vg.Points(8), vg.Points(4) // curves begin at 100 %
	p.X.Scale = plot.LogScale{}
	p.X.Min, p.X.Max = float64(slices.Min(s.Sizes))/1.3, float64(slices.Max(s.Sizes))*1.3
	p.X.Tick.Marker = sizes(s.Sizes)
	return p, drawn, nil
}

// predictedAgainstMeasured has a dot a run: on the diagonal lies what was foreseen.
func predictedAgainstMeasured(s *bench.Series) (*plot.Plot, bool, error) {
	title, x := "Predicted against measured, a dot a run", "measured seconds"
	if s.Simulated {
		title, x = "The formula against the simulation, a dot a run", "simulated seconds"
	}
	p := blank(s, title, x, "predicted seconds")
	var all []float64
	for i, rows := range s.Rows {
		var at plotter.XYs
		for _, size := range s.Sizes {
			point, _ := s.At(rows, size)
			for _, e := range point.Done() {
				if e.Predicted != nil && e.Predicted.Seconds.Value > 0 {
					at = append(at, plotter.XY{X: e.Actual.Seconds, Y: e.Predicted.Seconds.Value})
					all = append(all, e.Actual.Seconds, e.Predicted.Seconds.Value)
				}
			}
		}
		if len(at) == 0 {
			continue
		}
		dots, err := plotter.NewScatter(at)
		if err != nil {
			return nil, false, err
		}
		dots.Color, dots.Shape, dots.Radius = plotutil.Color(i), draw.CircleGlyph{}, vg.Points(3)
		p.Add(dots)
		p.Legend.Add(bench.Grouped(rows)+" rows", dots)
	}
	if len(all) == 0 {
		return nil, false, nil
	}
	logarithmic(&p.X, all)
	logarithmic(&p.Y, all)
	p.Legend.Left = true
	for i, factor := range []float64{1, 1.2, 1 / 1.2} {
		line, err := plotter.NewLine(plotter.XYs{{X: p.X.Min, Y: p.X.Min * factor}, {X: p.X.Max, Y: p.X.Max * factor}})
		if err != nil {
			return nil, false, err
		}
		if i > 0 {
			line.Dashes = []vg.Length{vg.Points(3), vg.Points(3)}
		}
		p.Add(line)
	}
	return p, true, nil
}
