package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"flashmob/bench"
)

// markdown returns the report as a page: where it was measured, what, and the targets.
func markdown(report *bench.Report) string {
	var page strings.Builder
	m := report.Machine
	fmt.Fprintf(&page, "%s, %s, %d cores, %s, load %s\n", report.Date.Format("2 January 2006 15:04 MST"), m.CPU, m.Cores, mebibytes(m.Memory), m.Load)
	names := make([]string, 0, len(report.Versions))
	for name := range report.Versions {
		names = append(names, name+" "+report.Versions[name])
	}
	slices.Sort(names)
	fmt.Fprintf(&page, "%s\n\n%s\n%s\n", strings.Join(names, ", "), contenderTable(report).Markdown(), report.Targets.Table().Markdown())
	for _, record := range report.Records {
		if record.Skipped != "" {
			fmt.Fprintf(&page, "%s was skipped: %s\n", record.Name, record.Skipped)
		}
		if record.Failed != "" {
			fmt.Fprintf(&page, "%s failed: %s\n", record.Name, record.Failed)
		}
	}
	return page.String()
}

// contenderTable has medians; the spread is of all wall times, "others" what the rest of the machine took meanwhile.
func contenderTable(report *bench.Report) *bench.Table {
	table := &bench.Table{Columns: []bench.Column{
		{Name: "contender"}, {Name: "rows", Right: true}, {Name: "runs", Right: true}, {Name: "wall s", Right: true},
		{Name: "spread"}, {Name: "rows/s", Right: true}, {Name: "of the limit", Right: true}, {Name: "CPU s", Right: true},
		{Name: "others", Right: true}, {Name: "peak", Right: true}, {Name: "output MB", Right: true}, {Name: "output"},
	}}
	for _, r := range report.Records {
		if len(r.Samples) == 0 {
			what := "skipped"
			if r.Failed != "" {
				what = "FAILED"
			}
			table.Add(r.Name, thousands(r.Rows), "0", "", "", "", "", "", "", "", "", what)
			continue
		}
		median, least, most := r.Wall()
		ratio := ""
		if against := report.Record(r.Against); against.Measured() && r.Measured() {
			ratio = fmt.Sprintf("%.2f", r.Rate()/against.Rate())
		}
		table.Add(r.Name, thousands(r.Rows), strconv.Itoa(len(r.Samples)), fmt.Sprintf("%.3f", median.Seconds()),
			fmt.Sprintf("%.2f–%.2f", least.Seconds(), most.Seconds()), thousands(int(r.Rate())), ratio,
			fmt.Sprintf("%.2f", r.CPU().Seconds()), fmt.Sprintf("%.2f", r.Others().Seconds()), mebibytes(r.Peak()),
			fmt.Sprintf("%.1f", float64(r.OutputBytes)/1e6), string(r.Output))
	}
	return table
}

func mebibytes(n int64) string { return thousands(int((n+1<<19)>>20)) + " MiB" }

// thousands returns n with a blank between each three digits.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}
