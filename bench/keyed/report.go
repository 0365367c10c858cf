package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"flashmob/bench"
)

// targets are what flashmob promises for an application, and whether it keeps it.
func targets(app string, report *bench.Report) []bench.Target {
	if app == wordcount {
		best := "parallel-16M"
		for _, r := range report.Records {
			if strings.HasPrefix(r.Name, "parallel-") && r.Measured() && r.Rate() > report.Record(best).Rate() {
				best = r.Name
			}
		}
		return []bench.Target{rate(report, best, 2.5), rate(report, "duckdb", 6), rate(report, "redis", 9), rate(report, "limit", 0.7)}
	}
	return []bench.Target{rate(report, "duckdb", 1.5), rate(report, "limit", 0.5)}
}

// rate is the target that flashmob does at least so many times another's rows a second.
func rate(report *bench.Report, against string, least float64) bench.Target {
	t := bench.Target{Name: "flashmob against " + against, Want: fmt.Sprintf("≥ %.2f times its rows/s", least), Verdict: bench.Skipped}
	ours, theirs := report.Record("flashmob"), report.Record(against)
	for _, r := range []bench.Record{ours, theirs} {
		switch {
		case r.Output == bench.Wrong || r.Failed != "":
			t.Measured, t.Verdict = r.Name+" is wrong", bench.Fail
			return t
		case !r.Measured():
			t.Measured, _, _ = strings.Cut(r.Name+": "+r.Skipped, "\n")
			return t
		}
	}
	ratio := ours.Rate() / theirs.Rate()
	t.Measured, t.Verdict = fmt.Sprintf("%.2f", ratio), bench.Fail
	if ratio >= least {
		t.Verdict = bench.Pass
	}
	return t
}

// failed names what is missed or wrong, nil when nothing is.
func failed(report *bench.Report) error {
	var errs []error
	for _, t := range report.Targets {
		if t.Verdict == bench.Fail {
			errs = append(errs, fmt.Errorf("target %q: missed: %s", t.Name, t.Measured))
		}
	}
	for _, r := range report.Records {
		switch {
		case r.Failed != "":
			errs = append(errs, fmt.Errorf("%s: %s", r.Name, r.Failed))
		case r.Output == bench.Wrong:
			errs = append(errs, fmt.Errorf("%s: its table differs", r.Name))
		}
	}
	return errors.Join(errs...)
}

// markdown returns the report as a page: where it was measured, what, and the targets.
func markdown(report *bench.Report) string {
	m := report.Machine
	var page strings.Builder
	fmt.Fprintf(&page, "%s, %s, %d cores, load %s\n\n", report.Date.Format("2 January 2006 15:04 MST"), m.CPU, m.Cores, m.Load)
	table := &bench.Table{Columns: []bench.Column{
		{Name: "contender"}, {Name: "runs", Right: true}, {Name: "wall s", Right: true}, {Name: "spread"}, {Name: "of the limit", Right: true},
		{Name: "CPU s", Right: true}, {Name: "peak MiB", Right: true}, {Name: "table"},
	}}
	for _, r := range report.Records {
		if len(r.Samples) == 0 {
			why, _, _ := strings.Cut(r.Skipped+r.Failed, "\n")
			table.Add(r.Name, "0", "", "", "", "", "", why)
			continue
		}
		median, least, most := r.Wall()
		ratio := ""
		if limit := report.Record("limit"); limit.Measured() {
			ratio = fmt.Sprintf("%.2f", r.Rate()/limit.Rate())
		}
		table.Add(r.Name, fmt.Sprint(len(r.Samples)), fmt.Sprintf("%.2f", median.Seconds()), fmt.Sprintf("%.2f–%.2f", least.Seconds(), most.Seconds()),
			ratio, fmt.Sprintf("%.2f", r.CPU().Seconds()), fmt.Sprint(r.Peak()>>20), string(r.Output))
	}
	verdicts := &bench.Table{Columns: []bench.Column{{Name: "target"}, {Name: "wanted"}, {Name: "measured"}, {Name: "verdict"}}}
	for _, t := range report.Targets {
		verdicts.Add(t.Name, t.Want, t.Measured, string(t.Verdict))
	}
	return page.String() + table.Markdown() + "\n" + verdicts.Markdown()
}

// addTo adds to a report what an earlier one at path has: the samples of the same contenders, and the other contenders.
func addTo(path string, report *bench.Report) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var before bench.Report
	if err := json.Unmarshal(text, &before); err != nil {
		return fmt.Errorf("add to %s: %w", path, err)
	}
	for _, record := range before.Records {
		i := slices.IndexFunc(report.Records, func(r bench.Record) bool { return r.Name == record.Name })
		switch {
		case i < 0:
			report.Records = append(report.Records, record)
		case report.Records[i].Rows != record.Rows || report.Records[i].Failed != "":
			return fmt.Errorf("add to %s: %s: another input, or it failed", path, record.Name)
		default:
			report.Records[i].Samples = append(record.Samples, report.Records[i].Samples...)
		}
	}
	return nil
}
