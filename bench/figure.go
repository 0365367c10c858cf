package bench

import (
	"math"
	"slices"
)

// Mark says where a figure comes from.
type Mark string

// The marks, from the best to the least.
const (
	Measured Mark = "measured" // on runs or samples of the same kind
	Modelled Mark = "modelled" // computed from measured figures and defaults
	Default  Mark = "default"  // stated with its source, measured nowhere near here
)

// Figure is a value with the range in which it is expected, and where it comes from.
type Figure struct {
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Mark   Mark    `json:"mark"`
	Source string  `json:"source,omitempty"`
}

// Exactly is a modelled figure without a range.
func Exactly(value float64) Figure {
	return Figure{Value: value, Low: value, High: value, Mark: Modelled}
}

// Assumed is a default: a value that was measured nowhere near here, and what else it may be.
func Assumed(value, low, high float64, source string) Figure {
	return Figure{Value: value, Low: low, High: high, Mark: Default, Source: source}
}

// Seen is the median of measured values, with their whole spread as its range; the zero Figure of none.
func Seen(values []float64, source string) Figure {
	if len(values) == 0 {
		return Figure{}
	}
	return Figure{Value: Median(values), Low: slices.Min(values), High: slices.Max(values), Mark: Measured, Source: source}
}

// Times is the figure multiplied by a number that is not negative.
func (f Figure) Times(k float64) Figure {
	f.Value, f.Low, f.High = f.Value*k, f.Low*k, f.High*k
	return f
}

// By is the product of two figures; it is as well known as the lesser of them.
func (f Figure) By(g Figure) Figure {
	return Figure{Value: f.Value * g.Value, Low: f.Low * g.Low, High: f.High * g.High, Mark: joint(f, g)}
}

// Over is the quotient of two positive figures; it is as well known as the lesser of them.
func (f Figure) Over(g Figure) Figure {
	return Figure{Value: f.Value / g.Value, Low: f.Low / g.High, High: f.High / g.Low, Mark: joint(f, g)}
}

// Plus is the sum of figures whose errors have nothing to do with each other: the ranges add as the sides of a right angle. Its
// source is that of the largest.
func (f Figure) Plus(more ...Figure) Figure {
	down, up, largest := square(f.Value-f.Low), square(f.High-f.Value), f.Value
	for _, g := range more {
		if g.Value == 0 && g.High == 0 {
			continue
		}
		if g.Value > largest {
			largest, f.Source = g.Value, g.Source
		}
		down, up = down+square(g.Value-g.Low), up+square(g.High-g.Value)
		f.Mark = joint(f, g)
		f.Value += g.Value
	}
	f.Low, f.High = f.Value-math.Sqrt(down), f.Value+math.Sqrt(up)
	return f
}

// Most is the largest of the figures, by each of its sides.
func Most(figures ...Figure) Figure {
	most := figures[0]
	for _, f := range figures[1:] {
		if f.Value > most.Value {
			f.Low, f.High = max(f.Low, most.Low), max(f.High, most.High)
			most = f
			continue
		}
		most.Low, most.High = max(most.Low, f.Low), max(most.High, f.High)
	}
	return most
}

func square(x float64) float64 { return x * x }

// joint is the mark of what is computed from two figures. What adds or takes nothing does not count.
func joint(f, g Figure) Mark {
	switch {
	case f.Mark == Default || g.Mark == Default:
		if f.Mark == g.Mark {
			return Default
		}
		return Modelled
	case f.Mark == Measured && g.Mark == Measured:
		return Measured
	case f.Mark == "":
		return g.Mark
	case g.Mark == "":
		return f.Mark
	}
	return Modelled
}
