package dashboard

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-analyze/charts"
)

// Graph is a chart with what a person needs to read it.
type Graph struct {
	Title string
	Says  string // the same in words, for who does not see it
	SVG   template.HTML
}

// drawEvery is how long a chart that moves on stays as it is. To draw one takes more time than all the rest of a page, and five
// seconds are a sixtieth of what it shows.
const drawEvery = 5 * time.Second

// easel has the charts as they were drawn last. The zero value has none.
type easel struct {
	run, state string
	at         time.Time
	charts     map[string]template.HTML // by title
}

// chart returns the chart of that title, drawn anew where it has not been since the others were.
func (e *easel) chart(title string, draw func() (template.HTML, error)) (template.HTML, error) {
	if svg, ok := e.charts[title]; ok {
		return svg, nil
	}
	svg, err := draw()
	if err != nil {
		return "", err
	}
	if e.charts == nil {
		e.charts = map[string]template.HTML{}
	}
	e.charts[title] = svg
	return svg, nil
}

// graphs returns what a run's history comes to. What stands beside a chart in words is of now.
func (e *easel) graphs(r *Run, now time.Time) ([]Graph, error) {
	if r.History == nil {
		return nil, nil
	}
	if e.run != r.ID || e.state != r.State || now.Sub(e.at) >= drawEvery {
		*e = easel{run: r.ID, state: r.State, at: now}
	}
	h := r.History
	var all []Graph
	add := func(title, says string, lines []series, write func(float64) string) error {
		svg, err := e.chart(title, func() (template.HTML, error) {
			labels, padded := lately(lines)
			return lineChart(labels, marks, padded, write)
		})
		if err == nil {
			all = append(all, Graph{Title: title, Says: says, SVG: svg})
		}
		return err
	}
	if err := add("Rows per second", said(r.Rows, h.Rows, RowRate), []series{{"rows/s", h.Rows}}, short("")); err != nil {
		return nil, err
	}
	if err := add("Input per second", said(r.Bytes, h.Bytes, perSecond), []series{{"bytes/s", h.Bytes}}, perSecond); err != nil {
		return nil, err
	}
	says := fmt.Sprintf("%d batches are out.", r.Backlog.Batches)
	if r.Busy != nil {
		says = fmt.Sprintf("%d batches are out, %d of %d slots are at work.", r.Backlog.Batches, *r.Busy, r.Slots)
	}
	if err := add("Batches out, slots at work", says, []series{{"batches out", h.Out}, {"slots at work", h.Busy}}, short("")); err != nil {
		return nil, err
	}
	latencies, err := e.latencies(r.Process)
	if err != nil || latencies == nil {
		return all, err
	}
	return append(all, *latencies), nil
}

func perSecond(v float64) string { return Rate(v, "B") }

// short writes a value at an axis.
func short(unit string) func(float64) string {
	return func(v float64) string {
		number, prefix := scaled(v)
		return number + prefix + unit
	}
}

// said says in words what a line shows.
func said(now *float64, values []float64, write func(float64) string) string {
	if now == nil || len(values) == 0 {
		return "Nothing is known yet."
	}
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	return fmt.Sprintf("Now %s; between %s and %s over the last five minutes.", write(*now), write(least), write(most))
}

// windows are the lengths of what is shown of late, in seconds.
var windows = [...]int{span, 120, 60}

// axes are the labels of windows.
var axes = func() map[int]func() []string {
	all := map[int]func() []string{}
	for _, window := range windows {
		all[window] = sync.OnceValue(func() []string { return axis(window) })
	}
	return all
}()

// axis returns the labels of a window: how long ago each value was. The library measures every label, but writes only a few: so those
// that a drawing does not show are empty.
func axis(window int) []string {
	labels := make([]string, window+1)
	for i := range labels {
		ago := window - i
		labels[i] = fmt.Sprintf("−%d s", ago)
		if window > 120 {
			labels[i] = fmt.Sprintf("−%d:%02d", ago/60, ago%60)
		}
	}
	labels[window] = "now"
	drawing, err := lineChart(labels, marks, []series{{"", make([]float64, window+1)}}, short(""))
	if err != nil {
		return labels // whoever draws with them says why
	}
	for i, label := range labels {
		if !strings.Contains(string(drawing), ">"+label+"<") {
			labels[i] = ""
		}
	}
	return labels
}

// marks is how many labels an axis of time has.
const marks = 6

// lately makes lines as long as the window that they are shown in, and its labels: how long ago.
func lately(lines []series) (labels []string, padded []series) {
	n := 0
	for _, line := range lines {
		n = max(n, len(line.values))
	}
	window := windows[0]
	for _, shorter := range windows[1:] {
		if n <= shorter {
			window = shorter
		}
	}
	labels = axes[window]()
	for _, line := range lines {
		values := make([]float64, window+1)
		missing := len(values) - len(line.values)
		for i := range values {
			values[i] = charts.GetNullValue()
			if i >= missing {
				values[i] = line.values[i-missing]
			}
		}
		padded = append(padded, series{line.name, values})
	}
	return labels, padded
}

// courseGraph draws the course of a whole run, of traces of the same length. Nil where it was over within two values.
func courseGraph(title string, names []string, traces []*trace, write func(float64) string) (*Graph, error) {
	var lines []series
	var labels, says []string
	each := time.Second
	for i, t := range traces {
		values, every := t.list()
		if len(values) < 2 {
			return nil, nil
		}
		labels, each = make([]string, len(values)), every
		for n := range values {
			labels[n] = elapsed(every.Seconds() * float64(n+1))
		}
		lines = append(lines, series{names[i], values})
		says = append(says, fmt.Sprintf("at most %s %s", write(slices.Max(values)), names[i]))
	}
	svg, err := lineChart(labels, marks, lines, write)
	if err != nil {
		return nil, err
	}
	return &Graph{title, fmt.Sprintf("Over the time since the work began: %s. Each point is the mean of %s.", strings.Join(says, ", "), Seconds(each.Seconds())), svg}, nil
}

// latencies is how long batches take at each stage, by percentile. Nil where nothing has been done yet.
func (e *easel) latencies(stages []Stage) (*Graph, error) {
	const title = "So many percent of the batches take no longer"
	var lines []series
	var says []string
	for _, s := range stages {
		if s.Latency.Count == 0 {
			continue
		}
		l := s.Latency
		lines = append(lines, series{s.Name, []float64{l.P50, l.P95, l.P99, l.P999, l.P9999}})
		says = append(says, fmt.Sprintf("%s: half of the batches within %s, 99 %% within %s", s.Name, Seconds(l.P50), Seconds(l.P99)))
	}
	if len(lines) == 0 {
		return nil, nil
	}
	svg, err := e.chart(title, func() (template.HTML, error) {
		return lineChart([]string{"50", "95", "99", "99.9", "99.99"}, 5, lines, Seconds)
	})
	if err != nil {
		return nil, err
	}
	return &Graph{Title: title, Says: strings.Join(says, "; ") + ".", SVG: svg}, nil
}
