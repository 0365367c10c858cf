package main

import (
	"cmp"
	"fmt"
	"time"

	"flashmob/bench"
)

// choose marks the knee and the cheapest option, and makes the advice.
func (p *plan) choose(options []option, spot bool) {
	var all []bench.Prediction
	for _, o := range options {
		if spot && o.Shape.Hosts > 0 {
			o.Prediction = o.spot
		}
		all = append(all, o.Prediction)
	}
	local, knee := all[0], bench.Knee(all)
	if knee >= 0 {
		options[knee].Knee = true
	}
	switch best := p.best(all, knee); best {
	case -1:
		fastest := bench.Fastest(all)
		p.Unmet, p.chosen = true, &options[fastest]
		p.Advice = unmet(all, p.deadline, p.budget)
	case 0:
		options[0].Chosen, p.chosen = true, &options[0]
		p.Advice = fmt.Sprintf("run this locally: %s, $0", bench.Seconds(local.Results.Value))
	default:
		options[best].Chosen, p.chosen = true, &options[best]
		p.Advice = fmt.Sprintf("take %s: %s, %s (here it takes %s)", described(all[best].Shape), bench.Seconds(all[best].Results.Value),
			bench.Money(all[best].Dollars.Value), bench.Seconds(local.Results.Value))
	}
}

// best is the index of what is advised, -1 where nothing is: with a deadline the cheapest that keeps it, else the knee, or what
// is fastest for the budget; and this machine, the first, where that is no later.
func (p *plan) best(all []bench.Prediction, knee int) int {
	within := bench.Within(all, p.deadline, p.budget)
	if within <= 0 && p.deadline > 0 {
		return within
	}
	best := within
	if p.deadline == 0 {
		if best = knee; best < 0 || p.budget > 0 && all[best].Dollars.Value > p.budget {
			best = fastestFor(all, p.budget)
		}
	}
	if all[0].Results.Value <= all[best].Results.Value {
		return 0
	}
	return best
}

// fastestFor is the index of the fastest that costs no more than the budget: this machine, the first, costs nothing.
func fastestFor(all []bench.Prediction, budget float64) (best int) {
	for i, p := range all {
		if p.Dollars.Value <= budget && p.Results.Value < all[best].Results.Value {
			best = i
		}
	}
	return best
}

// unmet says why nothing is in time and within the budget.
func unmet(all []bench.Prediction, deadline time.Duration, budget float64) string {
	fastest := all[bench.Fastest(all)]
	why := fmt.Sprintf("the fastest is %s: %s, %s", described(fastest.Shape), bench.Seconds(fastest.Results.Value), bench.Money(fastest.Dollars.Value))
	if deadline > 0 {
		if i := bench.Within(all, deadline, 0); i >= 0 {
			return fmt.Sprintf("nothing is done within %s for %s: the cheapest that is done by then costs %s", bench.Brief(deadline), bench.Money(budget), bench.Money(all[i].Dollars.Value))
		}
		return fmt.Sprintf("nothing is done within %s: %s", bench.Brief(deadline), why)
	}
	return fmt.Sprintf("nothing costs %s or less: %s", bench.Money(budget), why)
}

// described writes a shape in words.
func described(s bench.Shape) string {
	switch {
	case s.Hosts == 0:
		return "this machine"
	case s.Hosts == 1:
		return "1 host of " + cmp.Or(s.Type, s.Cloud)
	}
	return fmt.Sprintf("%d hosts of %s", s.Hosts, cmp.Or(s.Type, s.Cloud))
}
