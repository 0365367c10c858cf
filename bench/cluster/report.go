package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flashmob/bench"
)

// Report is one whole benchmark, with every round of it.
type Report struct {
	Date    time.Time     `json:"date"`
	Machine bench.Machine `json:"machine"`
	Packed  int64         `json:"packed_bytes"` // the worker's binary, compressed as it is sent
	Rounds  []Round       `json:"rounds"`
	Targets bench.Targets `json:"targets"`
}

func (r *Report) writeFile(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// of is one value of every round with so many hosts.
func of[T any](r *Report, hosts int, value func(Round) T) []T {
	var values []T
	for _, round := range r.Rounds {
		if round.Hosts == hosts {
			values = append(values, value(round))
		}
	}
	return values
}

// targets are what the cloud path promises of its speed, and whether it keeps it.
func (r *Report) targets(large int) bench.Targets {
	seconds := func(name string, hosts int, limit float64, value func(Round) time.Duration) bench.Target {
		return target(name, limit, " s", of(r, hosts, func(r Round) float64 { return value(r).Seconds() }))
	}
	first := func(r Round) time.Duration { return r.First }
	return bench.Targets{
		seconds("up of 3 hosts, boot included", small, 5, func(r Round) time.Duration { return r.Up }),
		seconds("down of 3 hosts, with the proof", small, 5, func(r Round) time.Duration { return r.Down }),
		seconds("sshd up to the first classified record at home, 3 hosts", small, 2, first),
		seconds(fmt.Sprintf("sshd up to the first classified record at home, %d hosts", large), large, 6, first),
		target(fmt.Sprintf("sent from home to %d hosts, in compressed binaries", large), 1.2, "",
			of(r, large, func(x Round) float64 { return float64(x.Sent) / float64(r.Packed) })),
		target("run on 3 hosts against --local --processes 3", 1.5, " times",
			of(r, small, func(r Round) float64 { return r.Run.Seconds() / r.Local.Seconds() })),
	}
}

// target is met when the median of the values is under the limit.
func target(name string, limit float64, unit string, values []float64) bench.Target {
	t := bench.Target{Name: name, Want: fmt.Sprintf("< %g%s", limit, unit), Verdict: bench.Skipped, Measured: "no samples"}
	if len(values) == 0 {
		return t
	}
	median := bench.Median(values)
	t.Measured = fmt.Sprintf("%.2f%s (%.2f–%.2f of %d)", median, unit, slices.Min(values), slices.Max(values), len(values))
	t.Verdict = bench.Fail
	if median < limit {
		t.Verdict = bench.Pass
	}
	return t
}

// markdown is the report as a page.
func (r *Report) markdown() string {
	var page strings.Builder
	fmt.Fprintf(&page, "%s, %s, %d cores, load %s\n", r.Date.Format("2 January 2006 15:04 MST"), r.Machine.CPU, r.Machine.Cores, r.Machine.Load)
	fmt.Fprintf(&page, "In the sandbox: all hosts share this machine. The worker's binary is %.1f MB compressed.\n\n%s", float64(r.Packed)/1e6, r.Targets.Table().Markdown())
	return page.String()
}
