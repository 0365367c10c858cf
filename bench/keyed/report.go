package main

import (
	"fmt"
	"strings"

	"flashmob/bench"
)

// targets are what flashmob promises for an application, and whether it keeps it.
func targets(app string, report *bench.Report) bench.Targets {
	if app == wordcount {
		return bench.Targets{report.AtLeast("flashmob", 2.5, report.Fastest("parallel-")), report.AtLeast("flashmob", 6, "duckdb"), report.AtLeast("flashmob", 9, "redis"), report.AtLeast("flashmob", 0.7, "limit")}
	}
	return bench.Targets{report.AtLeast("flashmob", 1.5, "duckdb"), report.AtLeast("flashmob", 0.5, "limit")}
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
	return page.String() + table.Markdown() + "\n" + report.Targets.Table().Markdown()
}
