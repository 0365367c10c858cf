// Package plot draws series of runs: time against size, cost against time with the knee, efficiency against size, and what was
// predicted against what was measured. Each plot is written as SVG and as PNG. A simulated series says so in its title.
package plot

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"flashmob/bench"
)

// The size of a plot.
const (
	width  = 18 * vg.Centimeter
	height = 12 * vg.Centimeter
)

// Formats are the endings of the files of a plot.
var Formats = []string{"svg", "png"}

// A Plot is a drawing and the name of its files, without an ending.
type Plot struct {
	Name string
	plot *plot.Plot
}

// All are the plots of a series; those that have nothing to show are left out.
func All(s *bench.Series) ([]Plot, error) {
	var plots []Plot
	for _, p := range []struct {
		name string
		make func(*bench.Series) (*plot.Plot, bool, error)
	}{{"time", timeAgainstSize}, {"cost", costAgainstTime}, {"efficiency", efficiencyAgainstSize}, {"predicted", predictedAgainstMeasured}} {
		drawn, any, err := p.make(s)
		if err != nil {
			return nil, fmt.Errorf("plot %s of %s: %w", p.name, s.Name, err)
		}
		if any {
			plots = append(plots, Plot{s.FileName() + "-" + p.name, drawn})
		}
	}
	return plots, nil
}

// Bytes is the plot in a format of Formats.
func (p Plot) Bytes(format string) ([]byte, error) {
	writer, err := p.plot.WriterTo(width, height, format)
	if err != nil {
		return nil, fmt.Errorf("draw %s: %w", p.Name, err)
	}
	var b bytes.Buffer
	if _, err := writer.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw %s: %w", p.Name, err)
	}
	return b.Bytes(), nil
}

// Write writes the plot's files into a folder and returns their paths.
func (p Plot) Write(dir string) ([]string, error) {
	var paths []string
	for _, format := range Formats {
		drawn, err := p.Bytes(format)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, p.Name+"."+format)
		if err := os.WriteFile(path, drawn, 0o644); err != nil {
			return nil, fmt.Errorf("draw %s: %w", p.Name, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// sizeName is what a series' sizes count.
func sizeName(s *bench.Series) string {
	if s.Cloud == bench.Local {
		return "workers"
	}
	return "hosts"
}

// blank is a plot with a title and named axes.
func blank(s *bench.Series, title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title + "\n" + s.Name
	if s.Simulated {
		p.Title.Text += " (SIMULATED)"
	}
	p.Title.TextStyle.Font.Size = vg.Points(11)
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Legend.Top, p.Legend.XOffs, p.Legend.YOffs = true, -vg.Points(8), -vg.Points(4)
	p.Legend.TextStyle.Font = font.From(p.Legend.TextStyle.Font, vg.Points(9))
	p.Add(plotter.NewGrid())
	return p
}

// logarithmic makes an axis logarithmic, with decades and what stands around the data.
func logarithmic(axis *plot.Axis, values []float64) {
	axis.Scale = plot.LogScale{}
	axis.Tick.Marker = ticks{}
	least, most := slices.Min(values), slices.Max(values)
	axis.Min, axis.Max = least/1.3, most*1.3
}

// headroom makes room for the legend above what is drawn, on a logarithmic axis.
func headroom(p *plot.Plot, lines int) {
	share := min(0.05*float64(lines), 0.5) // of the height
	p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, share/(1-share))
}

// ticks are 1, 2 and 5 times the powers of ten, more on a short axis and the powers alone on a long one, written without exponents.
type ticks struct{}

func (ticks) Ticks(least, most float64) (all []plot.Tick) {
	const decades, enough = 5, 4
	choices := [][]float64{{1, 2, 5}, {1, 2, 3, 4, 5, 6, 8}, {1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9}}
	if most/least > math.Pow10(decades) {
		choices = [][]float64{{1}}
	}
	for _, steps := range choices {
		all = nil
		for power := math.Floor(math.Log10(least)); power <= math.Log10(most); power++ {
			for _, times := range steps {
				if at := times * math.Pow(10, power); at >= least && at <= most {
					all = append(all, plot.Tick{Value: at, Label: fmt.Sprintf("%.12g", at)})
				}
			}
		}
		if len(all) >= enough {
			break
		}
	}
	return all
}

// curve draws points joined by a line, with the spread of each where it has one.
func curve(p *plot.Plot, i int, name string, at plotter.XYs, spread plotter.YErrors) error {
	line, dots, err := plotter.NewLinePoints(at)
	if err != nil {
		return err
	}
	line.Color, dots.Color = plotutil.Color(i), plotutil.Color(i)
	line.Width = vg.Points(1.2)
	dots.Shape, dots.Radius = draw.CircleGlyph{}, vg.Points(3)
	p.Add(line, dots)
	if spread != nil {
		bars, err := plotter.NewYErrorBars(struct {
			plotter.XYs
			plotter.YErrors
		}{at, spread})
		if err != nil {
			return err
		}
		bars.Color = plotutil.Color(i)
		p.Add(bars)
	}
	if name != "" {
		p.Legend.Add(name, line, dots)
	}
	return nil
}

// red marks the knee.
var red = color.RGBA{R: 200, A: 255}

// ring draws a ring around a point.
func ring(p *plot.Plot, at plotter.XY, name string) error {
	mark, err := plotter.NewScatter(plotter.XYs{at})
	if err != nil {
		return err
	}
	mark.Shape, mark.Radius, mark.Color = draw.RingGlyph{}, vg.Points(7), red
	p.Add(mark)
	if name != "" {
		p.Legend.Add(name, mark)
	}
	return nil
}
