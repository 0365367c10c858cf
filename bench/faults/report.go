package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"flashmob/bench"
	"flashmob/bench/plot"
	"flashmob/chaos"
)

// report is all that was measured.
type report struct {
	Machine bench.Machine `json:"machine"`
	Trials  []trial       `json:"trials"`
}

// trial is one run of a cell.
type trial struct {
	Piece     string    `json:"piece"`
	Curve     string    `json:"curve"`
	X         float64   `json:"x"`
	Date      time.Time `json:"date"`
	Seconds   float64   `json:"seconds"`
	Faults    int       `json:"faults"`
	Restarts  int       `json:"restarts"`
	Retried   int64     `json:"retried"`
	Late      int64     `json:"late"`
	TakenOver int64     `json:"taken_over"`
	Failed    string    `json:"failed,omitempty"` // how it came to no end
	Wrong     bool      `json:"wrong,omitempty"`  // its results are not those of the reference
}

func (t *trial) take(from chaos.Tally) {
	t.Seconds, t.Faults, t.Restarts = from.Took.Seconds(), from.Faults, from.Restarts
	t.Retried, t.Late, t.TakenOver = from.Retried, from.Late, from.TakenOver
}

func readReport(path string) (*report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return r, nil
}

func (r *report) write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// of returns the trials of a cell.
func (r *report) of(p piece, c cell) (all []trial) {
	for _, t := range r.Trials {
		if t.Piece == p.Name && t.Curve == c.Curve && t.X == c.X {
			all = append(all, t)
		}
	}
	return all
}

// times are the seconds of the trials that came to their end, sorted.
func times(all []trial) (seconds []float64) {
	for _, t := range all {
		if t.Failed == "" {
			seconds = append(seconds, t.Seconds)
		}
	}
	slices.Sort(seconds)
	return seconds
}

// most returns the largest of a count.
func most[T int | int64](all []trial, of func(trial) T) string {
	var n T
	for _, t := range all {
		n = max(n, of(t))
	}
	return fmt.Sprint(n)
}

// page is the tables and plots of all pieces that were measured.
func (r *report) page() string {
	var page strings.Builder
	fmt.Fprintf(&page, "%s, %d cores. Seconds are medians from the operator's start to its end, with the whole spread; counts are the most of any run.\n\n", r.Machine.CPU, r.Machine.Cores)
	for _, p := range pieces() {
		table := &bench.Table{Columns: []bench.Column{
			{Name: "what befalls it"}, {Name: p.X, Right: true}, {Name: "runs", Right: true}, {Name: "s", Right: true}, {Name: "spread"}, {Name: "faults", Right: true},
			{Name: "restarts of the initializer", Right: true}, {Name: "batches again", Right: true}, {Name: "parts late", Right: true}, {Name: "results"},
		}}
		var notes []string
		for _, c := range p.cells {
			all := r.of(p, c)
			if len(all) == 0 {
				continue
			}
			outcome, why := results(all)
			if why != "" {
				i := slices.Index(notes, why)
				if i < 0 {
					i, notes = len(notes), append(notes, why)
				}
				outcome += fmt.Sprintf(" (%d)", i+1)
			}
			took, spread := "", ""
			if s := times(all); len(s) > 0 {
				took, spread = fmt.Sprintf("%.1f", bench.Median(s)), fmt.Sprintf("%.1f–%.1f", s[0], s[len(s)-1])
			}
			table.Add(c.Curve, c.Label, fmt.Sprint(len(all)), took, spread, most(all, func(t trial) int { return t.Faults }), most(all, func(t trial) int { return t.Restarts }),
				most(all, func(t trial) int64 { return t.Retried }), most(all, func(t trial) int64 { return t.Late }), outcome)
		}
		if len(table.Rows) > 0 {
			fmt.Fprintf(&page, "**%s**\n\n%s\n", p.Title, table.Markdown())
			for i, note := range notes {
				fmt.Fprintf(&page, "(%d) `%s`\n\n", i+1, note)
			}
			fmt.Fprintf(&page, "![%s](plots/%s.svg)\n\n", p.Title, fileName(p))
		}
	}
	return strings.TrimSpace(page.String()) + "\n"
}

// results says what became of the trials of a cell, and why some of them came to no end.
func results(all []trial) (outcome, why string) {
	failed := 0
	for _, t := range all {
		if t.Wrong {
			return string(bench.Wrong), ""
		}
		if t.Failed != "" {
			failed, why = failed+1, t.Failed
		}
	}
	switch {
	case failed == len(all):
		outcome = "no end"
	case failed > 0:
		outcome = fmt.Sprintf("same; %d of %d: no end", failed, len(all))
	default:
		outcome = string(bench.Same)
	}
	return outcome, strings.Join(strings.Fields(why), " ")
}

// wrong says which cells gave other results than the reference.
func (r *report) wrong() error {
	var errs []error
	for _, t := range r.Trials {
		if t.Wrong {
			errs = append(errs, fmt.Errorf("%s: %s, %g: other results", t.Piece, t.Curve, t.X))
		}
	}
	return errors.Join(errs...)
}

// fileName is that of a piece's plot, without an ending.
func fileName(p piece) string { return "faults-" + strings.ReplaceAll(p.Name, " ", "-") }

// plots are those of all pieces that were measured.
func (r *report) plots() ([]plot.Plot, error) {
	var all []plot.Plot
	for _, p := range pieces() {
		var lines []plot.Line
		measured := false
		for _, c := range p.cells {
			i := slices.IndexFunc(lines, func(l plot.Line) bool { return l.Name == c.Curve })
			if i < 0 {
				i, lines = len(lines), append(lines, plot.Line{Name: c.Curve})
			}
			s := times(r.of(p, c))
			measured = measured || len(s) > 0
			lines[i].X, lines[i].Seconds = append(lines[i].X, c.X), append(lines[i].Seconds, s)
		}
		if !measured {
			continue
		}
		drawn, err := plot.Lines(fileName(p), p.Title, p.X, lines)
		if err != nil {
			return nil, err
		}
		all = append(all, drawn)
	}
	return all, nil
}
