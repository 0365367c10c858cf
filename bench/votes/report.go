package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"flashmob/bench"
)

// report is one whole benchmark.
type report struct {
	Date      time.Time     `json:"date"`
	Machine   bench.Machine `json:"machine"`
	Messages  int           `json:"messages"`
	Processes int           `json:"processes"`
	Rates     []atRate      `json:"rates"`
}

// atRate is what was measured at a rate.
type atRate struct {
	Rate    int      `json:"rate"` // votes a second; 0 for as many as were taken
	Samples []sample `json:"samples"`
}

// median returns the medians of what the samples have.
func (a atRate) median() (s sample) {
	rates, times := make([]float64, len(a.Samples)), func(pick func(sample) time.Duration) time.Duration {
		all := make([]time.Duration, len(a.Samples))
		for i, s := range a.Samples {
			all[i] = pick(s)
		}
		return bench.Median(all)
	}
	for i, s := range a.Samples {
		rates[i] = s.PerSecond
	}
	return sample{
		PerSecond: bench.Median(rates), P50: times(func(s sample) time.Duration { return s.P50 }),
		P99: times(func(s sample) time.Duration { return s.P99 }), P999: times(func(s sample) time.Duration { return s.P999 }),
		Most: times(func(s sample) time.Duration { return s.Most }), CPU: times(func(s sample) time.Duration { return s.CPU }),
	}
}

// wanted is how many votes a second there are to be, where nothing holds them up.
const wanted = 500_000

// failed returns an error when the target is missed.
func (r *report) failed() error {
	for _, a := range r.Rates {
		if s := a.median(); a.Rate == 0 && s.PerSecond < wanted {
			return fmt.Errorf("target missed: %.0f votes/s, want %d", s.PerSecond, wanted)
		}
	}
	return nil
}

// markdown returns the report as a page.
func (r *report) markdown() string {
	table := &bench.Table{Columns: []bench.Column{
		{Name: "votes/s sent"}, {Name: "runs", Right: true}, {Name: "votes/s counted", Right: true}, {Name: "p50 ms", Right: true},
		{Name: "p99 ms", Right: true}, {Name: "p99.9 ms", Right: true}, {Name: "max ms", Right: true}, {Name: "CPU s", Right: true},
	}}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
	for _, a := range r.Rates {
		sent := "as taken"
		if a.Rate > 0 {
			sent = fmt.Sprint(a.Rate)
		}
		s := a.median()
		table.Add(sent, fmt.Sprint(len(a.Samples)), fmt.Sprintf("%.0f", s.PerSecond), ms(s.P50), ms(s.P99), ms(s.P999), ms(s.Most), fmt.Sprintf("%.2f", s.CPU.Seconds()))
	}
	return fmt.Sprintf("%s, %s, %d cores, load %s\n\n%d votes of 9 bytes, or %d s of them at a rate, a line each, %d worker processes\n\n%s",
		r.Date.Format("2 January 2006 15:04 MST"), r.Machine.CPU, r.Machine.Cores, r.Machine.Load, r.Messages, seconds, r.Processes, table.Markdown())
}

// writeFile writes every sample as indented JSON.
func (r *report) writeFile(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
