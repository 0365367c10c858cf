package bench

import (
	"slices"
	"time"
)

// Knee is the index of the prediction from which on speed costs more than it brings: that of the least time × money. Beyond it
// one percent less time costs more than one percent more money, before it less. -1 where nothing costs anything.
func Knee(of []Prediction) int {
	least := -1
	for i, p := range of {
		if p.Dollars.Value > 0 && (least < 0 || p.Results.Value*p.Dollars.Value < of[least].Results.Value*of[least].Dollars.Value) {
			least = i
		}
	}
	return least
}

// Within is the index of the cheapest prediction whose results are home by the deadline and whose money is within the
// budget, the fastest of equals; a zero deadline or budget allows anything. -1 where none is.
func Within(of []Prediction, deadline time.Duration, budget float64) int {
	best := -1
	for i, p := range of {
		if deadline > 0 && p.Results.Value > deadline.Seconds() || budget > 0 && p.Dollars.Value > budget {
			continue
		}
		if best < 0 || cheaper(p, of[best]) {
			best = i
		}
	}
	return best
}

// Fastest is the index of the prediction whose results are home first, -1 of none.
func Fastest(of []Prediction) int {
	if len(of) == 0 {
		return -1
	}
	fastest := slices.MinFunc(of, func(a, b Prediction) int { return int(a.Results.Value*1e3) - int(b.Results.Value*1e3) })
	return slices.IndexFunc(of, func(p Prediction) bool { return p.Shape == fastest.Shape && p.Results == fastest.Results })
}

// cheaper orders by money, then by time.
func cheaper(a, b Prediction) bool {
	if a.Dollars.Value != b.Dollars.Value {
		return a.Dollars.Value < b.Dollars.Value
	}
	return a.Results.Value < b.Results.Value
}
