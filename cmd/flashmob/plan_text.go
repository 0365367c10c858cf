package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"flashmob/bench"
)

// text shows the plan to a person.
func (p *plan) text(out io.Writer) {
	fmt.Fprintf(out, "sample   %d trials, the last of %s rows, in %s on %d slots here\n", p.Sample.Trials, groups(p.Sample.Rows), bench.Seconds(p.Sample.Seconds), p.Sample.Slots)
	fmt.Fprintf(out, "a row    %s of one slot (%s–%s), %s\n", small(p.Job.Row.Value), small(p.Job.Row.Low), small(p.Job.Row.High), p.Job.Row.Mark)
	if p.Crowded > worthCrowd {
		fmt.Fprintf(out, "crowded  others have this machine's cores too: here it takes %.1f times as long\n", p.Crowded)
	}
	if p.Job.Begin.Value > 0.05 {
		fmt.Fprintf(out, "begin    %s before a slot's first row, %s\n", bench.Seconds(p.Job.Begin.Value), p.Job.Begin.Mark)
	}
	how := "reckoned from its size"
	if p.Counted {
		how = "counted"
	}
	fmt.Fprintf(out, "input    %s rows, %s", groups(p.Job.Rows), how)
	if p.Job.Travels {
		bytes := p.Job.In.Value * float64(p.Job.Rows)
		fmt.Fprintf(out, "; %s, which travel to a cluster as about %s", megabytes(int64(bytes)), megabytes(int64(p.packed*bytes)))
	}
	fmt.Fprintf(out, "\nprices   %s, list prices as of %s, spot typical, from %s\n", p.Region, p.PricesAsOf, p.PricesFrom)
	if p.PriceNote != "" {
		fmt.Fprintf(out, "         %s: flashmob prices refresh fetches today's\n", p.PriceNote)
	}
	fmt.Fprintf(out, "\n%s\n%s", p.table().Text(), p.legend())
	if p.chosen != nil {
		fmt.Fprintf(out, "\n%s, phase by phase:\n", described(p.chosen.Shape))
		fmt.Fprint(out, phaseTable(p.chosen.Prediction).Text())
		fmt.Fprintf(out, "the work waits for: %s\n", p.chosen.Bound)
	}
	if !p.Unmet { // else it is the error
		fmt.Fprintf(out, "\n%s\n", p.Advice)
	}
}

// legend explains the marks that there are.
func (p *plan) legend() string {
	text := ""
	if slices.ContainsFunc(p.Options, func(o option) bool { return o.Knee }) {
		text += "*   the knee: from here on speed costs more than it brings\n"
	}
	if slices.ContainsFunc(p.Options, func(o option) bool { return o.Chosen }) {
		what := "what is advised"
		if p.deadline > 0 {
			what = "the cheapest that is done in time"
		}
		text += fmt.Sprintf("**  %s; *** is both\n", what)
	}
	return text
}

// table is the options, a line each.
func (p *plan) table() *bench.Table {
	t := &bench.Table{Columns: []bench.Column{{Name: "rows", Right: true}, {Name: "on"}, {Name: "slots", Right: true}, {Name: "time", Right: true}, {Name: "from", Right: true},
		{Name: "to", Right: true}, {Name: "on demand", Right: true}, {Name: "from", Right: true}, {Name: "to", Right: true}, {Name: "spot", Right: true},
		{Name: "efficiency", Right: true}, {Name: "figures"}, {Name: ""}}}
	for _, o := range p.Options {
		mark, money, from, to, spot := "", "$0", "", "", ""
		if o.Knee {
			mark = "*"
		}
		if o.Chosen {
			mark += "**"
		}
		if o.Shape.Hosts > 0 {
			money, from, to = bench.Money(o.Dollars.Value), bench.Money(o.Dollars.Low), bench.Money(o.Dollars.High)
			spot = "-"
			if o.SpotDollars.Value > 0 {
				spot = bench.Money(o.SpotDollars.Value)
			}
		}
		slots := max(o.Shape.Hosts, 1) * o.Shape.Slots
		t.Add(groups(o.Rows), described(o.Shape), fmt.Sprint(slots), bench.Seconds(o.Results.Value), bench.Seconds(max(o.Results.Low, 0)), bench.Seconds(o.Results.High),
			money, from, to, spot, fmt.Sprintf("%.0f %%", 100*o.Efficiency), string(o.Results.Mark), mark)
	}
	return t
}

// phaseTable is where a prediction's time goes, and how well that is known.
func phaseTable(p bench.Prediction) *bench.Table {
	t := &bench.Table{Columns: []bench.Column{{Name: "  phase"}, {Name: "time", Right: true}, {Name: "from", Right: true}, {Name: "to", Right: true}, {Name: "figure"}}}
	for _, phase := range p.Phases {
		s := phase.Seconds
		if s.Mark == "" { // there is nothing to it here
			continue
		}
		source := string(s.Mark)
		if s.Source != "" {
			source += ": " + s.Source
		}
		t.Add("  "+phase.Name, bench.Seconds(s.Value), bench.Seconds(max(s.Low, 0)), bench.Seconds(s.High), source)
	}
	return t
}

// small writes a short time: 3.51 ms, 0.82 µs.
func small(seconds float64) string {
	switch {
	case seconds >= 1:
		return bench.Seconds(seconds)
	case seconds >= 1e-3:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g µs", seconds*1e6))
}
