package dashboard

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"flashmob/input"
	"flashmob/manifest"
	"flashmob/timeline"
)

// Report is what is known of a run when it is over.
type Report struct {
	*View
	Ended     time.Time
	Output    string        // the result folder
	Took      time.Duration // of this sitting
	Predicted *Prediction
	Actual    *float64 // dollars; nil where nobody knows
	Error     string   // why it did not come to its end

	Graphs []Graph // drawn by Write
	Lanes  []Lane
	Style  template.CSS
}

// Prediction is what a run was predicted to take.
type Prediction struct {
	Seconds float64  `json:"seconds"`
	Dollars *float64 `json:"dollars,omitempty"`
}

// Lane is a lane of the report's picture of the run.
type Lane struct {
	Name  string
	Spans []Stretch
}

// Stretch is a span in a picture that is 1000 wide.
type Stretch struct {
	timeline.Span
	X, Width float64
	Length   string
}

// Setting is one of the run's settings.
type Setting struct{ Name, Value string }

// Settings lists what the results depend on.
func (r *Report) Settings() []Setting {
	if r.Run == nil || r.Run.Settings == nil {
		return nil
	}
	run := r.Run.Settings
	list := []Setting{{"application", run.App}}
	if text := string(bytes.TrimSpace(run.Settings)); text != "" && text != "null" && text != "{}" {
		list = append(list, Setting{"its settings", text})
	}
	for _, in := range run.Inputs {
		list = append(list, Setting{"input", described(in)})
	}
	list = append(list, Setting{"compression", run.Compress}, Setting{"longest record", Bytes(float64(run.MaxRecord))},
		Setting{"flashmob", run.Version}, Setting{"results", filepath.Join(r.Output, run.Results)})
	return list
}

// described says what an input is.
func described(in input.Input) string {
	switch {
	case in.IsGenerated():
		return Count(in.Size) + " generated rows"
	case in.Size >= 0 && in.HasRanges():
		return in.URI + " (" + Bytes(float64(in.Size)) + ")"
	}
	return in.URI
}

// swim makes the lanes of a picture that ends with the report.
func swim(spans []timeline.Span, ended time.Time) []Lane {
	if len(spans) == 0 {
		return nil
	}
	begun := spans[0].From
	for _, s := range spans {
		if s.From.Before(begun) {
			begun = s.From
		}
	}
	whole := max(ended.Sub(begun).Seconds(), 0.001)
	var lanes []Lane
	for _, name := range timeline.Lanes(spans) {
		lane := Lane{Name: name}
		for _, s := range spans {
			if s.Lane != name {
				continue
			}
			to := s.To
			if to.IsZero() || to.After(ended) {
				to = ended
			}
			length := max(to.Sub(s.From).Seconds(), 0)
			lane.Spans = append(lane.Spans, Stretch{Span: s, X: 1000 * s.From.Sub(begun).Seconds() / whole, Width: max(1000*length/whole, 1), Length: Seconds(length)})
		}
		lanes = append(lanes, lane)
	}
	return lanes
}

var reports = template.Must(template.Must(pages.Clone()).ParseFS(assets, "assets/report.html"))

// Write writes the report into its result folder: one file that needs no other.
func (r *Report) Write() error {
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return err
	}
	r.Style = template.CSS(style)
	if r.Run != nil {
		if r.Graphs, err = r.graphs(); err != nil {
			return err
		}
		r.Lanes = swim(r.Run.Spans, r.Ended)
	}
	var out bytes.Buffer
	if err := reports.ExecuteTemplate(&out, "report.html", r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	path := filepath.Join(r.Output, manifest.ReportFile)
	if err := os.WriteFile(path+".part", out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// graphs draws the whole run, and its latencies.
func (r *Report) graphs() ([]Graph, error) {
	var all []Graph
	if t := r.Run.trace; t != nil {
		for _, one := range []struct {
			title  string
			values *trace
			write  func(float64) string
		}{{"Rows per second", &t.rows, short("")}, {"Input per second", &t.bytes, perSecond}} {
			values, every := one.values.list()
			if len(values) < 2 {
				continue
			}
			labels := make([]string, len(values))
			most := 0.
			for i, v := range values {
				at := int(every.Seconds()) * (i + 1)
				labels[i] = fmt.Sprintf("%d:%02d", at/60, at%60)
				most = max(most, v)
			}
			svg, err := lineChart(labels, 6, []series{{one.title, values}}, one.write)
			if err != nil {
				return nil, err
			}
			all = append(all, Graph{one.title, fmt.Sprintf("By minutes and seconds since the work began. At most %s; each point is the mean of %s.", one.write(most), Seconds(every.Seconds())), svg})
		}
	}
	latencies, err := latencyGraph(r.Run.Process)
	if err != nil || latencies == nil {
		return all, err
	}
	return append(all, *latencies), nil
}

// Summary is the first line of the report.
func (r *Report) Summary() string {
	state := Going
	if r.Run != nil {
		state = r.Run.State
	}
	return cmp.Or(map[string]string{Done: "It is done", Drained: "It was ended early", Failed: "It failed"}[state], "It was interrupted")
}

// Raw is the view as JSON, for programs.
func (r *Report) Raw() (string, error) {
	text, err := json.Marshal(r.View)
	return strings.TrimSpace(string(text)), err
}

// Recorder keeps the newest view of a run that is collected elsewhere, and the run's course. The zero value has seen nothing;
// its methods may be called concurrently.
type Recorder struct {
	mu     sync.Mutex
	last   *View
	traces traces
}

// Take takes in a view, a second after the one before.
func (r *Recorder) Take(v *View) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v.Run == nil || r.last != nil && !v.At.After(r.last.At) {
		return
	}
	r.last = v
	if v.Run.State == Going && v.Run.Rows != nil && v.Run.Bytes != nil {
		r.traces.rows.push(*v.Run.Rows)
		r.traces.bytes.push(*v.Run.Bytes)
	}
}

// View returns the newest view, with the run's course; nil where there was none.
func (r *Recorder) View() *View {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return nil
	}
	v, run := *r.last, *r.last.Run
	run.trace = r.traces.clone()
	v.Run = &run
	return &v
}
