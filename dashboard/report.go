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
	"time"

	"flashmob/input"
	"flashmob/manifest"
)

// Report is what is known of a run when it is over.
type Report struct {
	*View
	Ended    time.Time
	Output   string        // the result folder
	Took     time.Duration // of this sitting
	Rate     float64       // rows a second over all of it; 0 where earlier sittings did some of them
	Error    string        // why it did not come to its end
	Forecast Forecast

	Graphs []Graph // drawn by Write, as the rest
	Swim   *Swim
	Style  template.CSS
}

// Forecast is what a run was predicted to take, and what it took.
type Forecast struct {
	Phases []Compared // seconds
	Time   Compared   // seconds
	Cost   Compared   // dollars
}

// Compared is a figure as it was predicted and as it came to be; nil where nobody knows.
type Compared struct {
	Name              string
	Predicted, Actual *float64
}

// Off says by how much the figure is more or less than predicted: +12 %; empty where that cannot be said.
func (c Compared) Off() string {
	if c.Predicted == nil || c.Actual == nil || *c.Predicted <= 0 {
		return ""
	}
	return strings.ReplaceAll(fmt.Sprintf("%+.0f %%", 100*(*c.Actual / *c.Predicted - 1)), "-", "−")
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
		r.Swim = swim(r.Run.Spans, r.Run.Incidents, r.Ended)
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
			title string
			lines []string
			of    []*trace
			write func(float64) string
		}{
			{"Rows per second", []string{"rows/s"}, []*trace{&t.rows}, short("")},
			{"Input per second", []string{"of input"}, []*trace{&t.bytes}, perSecond},
			{"Batches out, slots at work", []string{"batches out", "slots at work"}, []*trace{&t.out, &t.busy}, short("")},
		} {
			graph, err := courseGraph(one.title, one.lines, one.of, one.write)
			if err != nil {
				return nil, err
			}
			if graph != nil {
				all = append(all, *graph)
			}
		}
	}
	latencies, err := new(easel).latencies(r.Run.Process)
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
