package main

import (
	"fmt"
	"strings"

	"flashmob/bench"
)

// targets are what flashmob promises, and whether it keeps it.
func targets(report *bench.Report) bench.Targets {
	var all bench.Targets
	for _, kind := range []string{"go", "awk"} {
		for _, mode := range []string{"batch", "lines"} {
			all = append(all, report.AtLeast(kind+" flashmob "+mode, 2, kind+" parallel 1M")) // its default
		}
		all = append(all, report.AtLeast(kind+" flashmob lines", 0.8*slots, kind+" bare pipe"))
	}
	all = append(all, report.AtLeast("go flashmob frames", 0.8*slots, "go bare pipe"))
	best := report.Fastest("pandas parallel ")
	return append(all,
		report.AtLeast("pandas flashmob frames", 1, "pandas one process"), report.AtLeast("pandas flashmob lines", 1, "pandas one process"),
		report.AtLeast("pandas flashmob frames", 1.3, best), report.AtLeast("pandas flashmob lines", 1.3, best),
		report.AtLeast("pandas flashmob batch", 1, best), report.AtLeast("objects flashmob", 0.8, "objects range requests"),
		report.AtLeast("objects flashmob", 0.8, "objects range requests into cat"))
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
	page.WriteString(report.Targets.Table().Markdown())
	return page.String()
}
