package dashboard

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/go-analyze/charts"
)

// A chart is drawn on the server, as SVG that stands in the page itself. The library writes colours into style attributes,
// which the page's policy forbids, and which could not follow the reader's choice of light or dark. So it draws in colours that
// stand for something, and classes take their place: page.css says what they look like.

const (
	chartWidth, chartHeight = 560, 220
	chartFont               = 12.0
)

// paint is the colours that the library draws in, and the class that each becomes.
var paint = map[string]string{
	"rgb(1,1,1)": "ink", "rgb(2,2,2)": "axis", "rgb(3,3,3)": "grid",
	"rgb(10,1,1)": "s1", "rgb(10,2,2)": "s2", "rgb(10,3,3)": "s3", "rgb(10,4,4)": "s4", "rgb(10,5,5)": "s5",
}

var chartTheme = charts.MakeTheme(charts.ThemeOption{
	AxisStrokeColor: charts.ColorRGB(2, 2, 2), AxisSplitLineColor: charts.ColorRGB(3, 3, 3), BackgroundColor: charts.ColorTransparent,
	TextColor: charts.ColorRGB(1, 1, 1),
	SeriesColors: []charts.Color{
		charts.ColorRGB(10, 1, 1), charts.ColorRGB(10, 2, 2), charts.ColorRGB(10, 3, 3), charts.ColorRGB(10, 4, 4), charts.ColorRGB(10, 5, 5),
	},
})

// series is a line of a chart.
type series struct {
	name   string
	values []float64
}

// lineChart draws lines over labels, all of the same length, from zero up. write says what stands at the axis.
func lineChart(labels []string, marks int, lines []series, write func(float64) string) (template.HTML, error) {
	values := make([][]float64, len(lines))
	names := make([]string, len(lines))
	most := 0.
	for i, line := range lines {
		values[i], names[i] = line.values, inLegend(line.name)
		for _, v := range line.values {
			if v != charts.GetNullValue() {
				most = max(most, v)
			}
		}
	}
	option := charts.NewLineChartOptionWithData(values)
	option.Theme = chartTheme
	option.Symbol = charts.SymbolNone
	if len(labels) <= 10 {
		option.Symbol = charts.SymbolDot
	}
	option.LineStrokeWidth = 2
	option.Padding = charts.NewBox(4, 10, 16, 4)
	option.XAxis.Labels, option.XAxis.LabelCount, option.XAxis.BoundaryGap = labels, marks, charts.Ptr(false)
	option.XAxis.LabelFontStyle = charts.NewFontStyleWithSize(chartFont)
	top := ceiling(most)
	option.YAxis = []charts.YAxisOption{{
		Min: charts.Ptr(0.), Max: charts.Ptr(top), RangeValuePaddingScale: charts.Ptr(0.), LabelCount: 5, LabelFontStyle: charts.NewFontStyleWithSize(chartFont), ValueFormatter: write,
	}}
	option.Legend.Show = charts.Ptr(len(lines) > 1)
	option.Legend.SeriesNames = names
	option.Legend.FontStyle = charts.NewFontStyleWithSize(chartFont)
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: chartWidth, Height: chartHeight, Theme: chartTheme})
	if err := painter.LineChart(option); err != nil {
		return "", fmt.Errorf("draw chart: %w", err)
	}
	text, err := painter.Bytes()
	if err != nil {
		return "", fmt.Errorf("draw chart: %w", err)
	}
	return classed(string(text)), nil
}

// inLegend sets a name apart from its line and from the next one, also on phones, where page.css writes larger than was reckoned with.
func inLegend(name string) string { return "\u00a0" + name + strings.Repeat("\u00a0", 1+len(name)/3) }

// ceiling returns a value not below v that four steps lead up to in round numbers.
func ceiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := 1.
	for unit*10 < v {
		unit *= 10
	}
	for unit >= v {
		unit /= 10
	}
	for _, top := range []float64{1.2, 1.6, 2, 4, 6, 8} {
		if top*unit >= v {
			return top * unit
		}
	}
	return 10 * unit
}

var styles = regexp.MustCompile(` style="([^"]*)"`)

// classed puts classes and attributes in the place of styles. The drawing is decoration to a screen reader: what it shows stands
// in words beside it.
func classed(svg string) template.HTML {
	svg = styles.ReplaceAllStringFunc(svg, func(style string) string {
		var classes []string
		attributes := ""
		for rule := range strings.SplitSeq(styles.FindStringSubmatch(style)[1], ";") {
			name, value, _ := strings.Cut(rule, ":")
			if class, known := paint[value]; known {
				classes = append(classes, name+"-"+class)
				continue
			}
			switch name {
			case "fill", "stroke", "stroke-width", "font-size", "stroke-dasharray":
				attributes += fmt.Sprintf(" %s=%q", name, value)
			}
		}
		if len(classes) > 0 {
			attributes += fmt.Sprintf(" class=%q", strings.Join(classes, " "))
		}
		return attributes
	})
	return template.HTML(strings.Replace(svg, "<svg ", `<svg class="chart" aria-hidden="true" focusable="false" `, 1))
}
