package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flashmob/bench"
)

// ratios returns what one contender needed against another, round by round, as a fraction more.
func ratios(of, against []bench.Sample, value func(bench.Sample) time.Duration) []float64 {
	more := make([]float64, min(len(of), len(against)))
	for i := range more {
		more[i] = value(of[i]).Seconds()/value(against[i]).Seconds() - 1
	}
	return more
}

// interval returns the places, in ascending order, of the two values that the median of what values are drawn from lies between
// with at least 95 % confidence, whatever its distribution: it lies below a value as often as a coin falls. Both are -1 where there are
// too few.
func interval(values []float64) (least, most int) {
	n := len(values)
	chance, below := 1., 0. // of no value below the median; of at most so many
	for range n {
		chance /= 2
	}
	least = -1
	for k := 0; below+chance <= 0.025; k++ {
		below += chance
		chance = chance * float64(n-k) / float64(k+1)
		least = k
	}
	if least < 0 {
		return -1, -1
	}
	return least, n - 1 - least
}

// Ratio is how much more a contender needs than another: the median of all rounds, and where it lies with 95 % confidence.
type Ratio struct{ Median, Least, Most float64 }

func newRatio(values []float64) Ratio {
	sorted := slices.Sorted(slices.Values(values))
	least, most := interval(sorted)
	return Ratio{bench.Median(values), sorted[least], sorted[most]}
}

// String writes the ratio: +0.31 % (−0.05 to +0.72).
func (r Ratio) String() string {
	return strings.ReplaceAll(fmt.Sprintf("%+.2f %% (%+.2f to %+.2f)", 100*r.Median, 100*r.Least, 100*r.Most), "-", "−")
}

// most is what metrics and page may cost.
const most = 0.01

var figures = []struct {
	name  string
	value func(bench.Sample) time.Duration
}{{"CPU time", bench.Sample.CPU}, {"wall time", func(s bench.Sample) time.Duration { return s.Wall }}}

// targets are what flashmob promises, and whether it keeps it: by CPU time, whose interval has to lie below as a whole.
func targets(report *bench.Report) bench.Targets {
	var all bench.Targets
	for _, name := range names {
		all = append(all, bench.NewTarget(name+" against "+mute, fmt.Sprintf("< %.0f %% more CPU time", 100*most), report.Need(name, beside(name)), func() (string, bool) {
			r := newRatio(ratios(report.Record(name).Samples, report.Record(beside(name)).Samples, bench.Sample.CPU))
			return r.String(), r.Most < most
		}))
	}
	return all
}

// markdown returns the report as a page.
func markdown(report *bench.Report) string {
	m := report.Machine
	var page strings.Builder
	fmt.Fprintf(&page, "%s, %s, %d cores, load %s\n\n", report.Date.Format("2 January 2006 15:04 MST"), m.CPU, m.Cores, m.Load)
	table := &bench.Table{Columns: []bench.Column{{Name: "run"}, {Name: "wall s", Right: true}, {Name: "CPU s", Right: true}, {Name: "rows/s", Right: true}}}
	for _, f := range figures {
		table.Columns = append(table.Columns, bench.Column{Name: "more " + f.name})
	}
	for _, r := range report.Records {
		median, _, _ := r.Wall()
		cells := []string{r.Name, fmt.Sprintf("%.2f", median.Seconds()), fmt.Sprintf("%.2f", r.CPU().Seconds()), bench.Grouped(int64(r.Rate()))}
		for _, f := range figures {
			cell := ""
			if r.Against != "" {
				cell = newRatio(ratios(r.Samples, report.Record(r.Against).Samples, f.value)).String()
			}
			cells = append(cells, cell)
		}
		table.Add(cells...)
	}
	page.WriteString(table.Markdown() + "\n")
	page.WriteString(report.Targets.Table().Markdown())
	return page.String()
}
