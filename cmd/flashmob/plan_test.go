package main

import (
	"strings"
	"testing"
	"time"

	"flashmob/bench"
)

// offered are ways to run something: here, and on one, two and three hosts. The knee is at two.
func offered() (options []option) {
	for hosts, p := range []struct{ seconds, dollars float64 }{{1000, 0}, {400, 1}, {200, 1.5}, {150, 3}} {
		options = append(options, option{Prediction: bench.Prediction{Shape: bench.Shape{Hosts: hosts, Type: "c5.large"}, Results: bench.Exactly(p.seconds), Dollars: bench.Exactly(p.dollars)}})
	}
	return options
}

func TestPlanAdvisesWhatWasAskedFor(t *testing.T) {
	for _, c := range []struct {
		deadline time.Duration
		budget   float64
		chosen   int
		advice   string
	}{
		{0, 0, 2, "take 2 hosts of c5.large: 3m20s, $1.50 (here it takes 16m40s)"},
		{time.Hour, 0, 0, "run this locally: 16m40s, $0"},
		{10 * time.Minute, 0, 1, "take 1 host of c5.large: 6m40s, $1.00 (here it takes 16m40s)"},
		{3 * time.Minute, 5, 3, "take 3 hosts of c5.large: 2m30s, $3.00 (here it takes 16m40s)"},
		{0, 5, 2, "take 2 hosts of c5.large: 3m20s, $1.50 (here it takes 16m40s)"},
		{0, 1.2, 1, "take 1 host of c5.large: 6m40s, $1.00 (here it takes 16m40s)"},
		{0, 0.01, 0, "run this locally: 16m40s, $0"},
		{3 * time.Minute, 2, -1, "nothing is done within 3m00s for $2.00: the cheapest that is done by then costs $3.00"},
		{time.Minute, 0, -1, "nothing is done within 1m00s: the fastest is 3 hosts of c5.large: 2m30s, $3.00"},
	} {
		p := plan{deadline: c.deadline, budget: c.budget}
		options := offered()
		p.choose(options, false)
		if p.Advice != c.advice || p.Unmet != (c.chosen < 0) {
			t.Errorf("%v and $%g: %q, want %q", c.deadline, c.budget, p.Advice, c.advice)
		}
		for i, o := range options {
			if o.Chosen != (i == c.chosen) || o.Knee != (i == 2) {
				t.Errorf("%v and $%g: option %d is %+v", c.deadline, c.budget, i, o)
			}
		}
	}
	quick := offered()
	quick[0].Results = bench.Exactly(100)
	p := plan{}
	p.choose(quick, false)
	if !quick[0].Chosen || p.Advice != "run this locally: 1m40s, $0" {
		t.Errorf("this machine is the fastest, and the advice is %q", p.Advice)
	}
}

func TestPlanSaysWhereItsFiguresAreFrom(t *testing.T) {
	p := plan{Options: offered(), PricesAsOf: "2020-01", PriceNote: "prices of 2020-01, more than a year old", PricesFrom: "a table", Region: "here",
		Job: bench.Job{Rows: 1000, Row: bench.Seen([]float64{0.002}, ""), In: bench.Exactly(1000), Travels: true}, packed: 0.25}
	p.choose(p.Options, false)
	var text strings.Builder
	p.text(&text)
	for _, want := range []string{
		"a row    2 ms of one slot (2 ms–2 ms), measured\n", "1 000 rows, reckoned from its size; 1.0 MB, which travel to a cluster as about 250.0 kB\n",
		"prices   here, list prices as of 2020-01, spot typical, from a table\n", "         prices of 2020-01, more than a year old: flashmob prices refresh fetches today's\n",
		"  ***\n", "*   the knee: ", "**  what is advised; *** is both\n", "\ntake 2 hosts of c5.large: ",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, &text)
		}
	}
}

// Who shares this machine's cores slows down what runs on it, and is counted once.
func TestCrowdCountsForPlacesOnThisMachine(t *testing.T) {
	k := bench.Place(bench.Sandbox)
	alone := k.Overlap.Value
	if got := amidOthers(k, bench.Sandbox, 1).Overlap.Value; got != alone {
		t.Errorf("alone: %v, want %v", got, alone)
	}
	if got := amidOthers(k, bench.Sandbox, 2).Overlap.Value; got != 2*alone {
		t.Errorf("crowded: %v, want %v", got, 2*alone)
	}
	k.Overlap = bench.Exactly(3)
	if got := amidOthers(k, bench.Sandbox, 2).Overlap.Value; got != 3 {
		t.Errorf("crowded, as earlier runs were: %v, want 3", got)
	}
}
