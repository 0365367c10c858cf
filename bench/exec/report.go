package main

import (
	"errors"
	"fmt"
	"strings"

	"flashmob/bench"
)

// targets are what flashmob promises, and whether it keeps it.
func targets(report *bench.Report) []bench.Target {
	var all []bench.Target
	for _, kind := range []string{"go", "awk"} {
		for _, mode := range []string{"batch", "lines"} {
			all = append(all, rate(report, kind+" flashmob "+mode, kind+" parallel 1M", 2)) // its default
		}
		all = append(all, rate(report, kind+" flashmob lines", kind+" bare pipe", 0.8*slots))
	}
	all = append(all, rate(report, "go flashmob frames", "go bare pipe", 0.8*slots))
	best := fastest(report, "pandas parallel ")
	return append(all,
		rate(report, "pandas flashmob frames", "pandas one process", 1), rate(report, "pandas flashmob lines", "pandas one process", 1),
		rate(report, "pandas flashmob frames", best, 1.3), rate(report, "pandas flashmob lines", best, 1.3),
		rate(report, "pandas flashmob batch", best, 1), rate(report, "objects flashmob", "objects range requests", 0.8))
}

// fastest returns the name of the fastest contender whose name begins so.
func fastest(report *bench.Report, prefix string) string {
	best := prefix + "1M"
	for _, r := range report.Records {
		if strings.HasPrefix(r.Name, prefix) && r.Measured() && r.Rate() > report.Record(best).Rate() {
			best = r.Name
		}
	}
	return best
}

// rate is the target that one contender does at least so many times another's rows a second.
func rate(report *bench.Report, name, against string, least float64) bench.Target {
	t := bench.Target{Name: name + " against " + against, Want: fmt.Sprintf("≥ %.2f times its rows/s", least), Verdict: bench.Skipped}
	ours, theirs := report.Record(name), report.Record(against)
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
		if r.Failed != "" {
			errs = append(errs, fmt.Errorf("%s: %s", r.Name, r.Failed))
		}
	}
	return errors.Join(errs...)
}

// markdown returns the report as a page.
func markdown(report *bench.Report) string {
	m := report.Machine
	var page strings.Builder
	fmt.Fprintf(&page, "%s, %s, %d cores, load %s\n\n", report.Date.Format("2 January 2006 15:04 MST"), m.CPU, m.Cores, m.Load)
	table := &bench.Table{Columns: []bench.Column{
		{Name: "contender"}, {Name: "wall s", Right: true}, {Name: "spread"}, {Name: "rows/s", Right: true}, {Name: "CPU s", Right: true}, {Name: "peak MiB", Right: true}, {Name: "output"},
	}}
	for _, r := range report.Records {
		if len(r.Samples) == 0 {
			why, _, _ := strings.Cut(r.Skipped+r.Failed, "\n")
			table.Add(r.Name, "", "", "", "", "", why)
			continue
		}
		median, least, most := r.Wall()
		table.Add(r.Name, fmt.Sprintf("%.2f", median.Seconds()), fmt.Sprintf("%.2f to %.2f", least.Seconds(), most.Seconds()),
			bench.Grouped(int64(r.Rate())), fmt.Sprintf("%.2f", r.CPU().Seconds()), fmt.Sprint(r.Peak()>>20), string(r.Output))
	}
	page.WriteString(table.Markdown() + "\n")
	verdicts := &bench.Table{Columns: []bench.Column{{Name: "target"}, {Name: "wanted"}, {Name: "measured", Right: true}, {Name: "verdict"}}}
	for _, t := range report.Targets {
		verdicts.Add(t.Name, t.Want, t.Measured, string(t.Verdict))
	}
	page.WriteString(verdicts.Markdown())
	return page.String()
}
