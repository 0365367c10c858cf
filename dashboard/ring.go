package dashboard

import "slices"

// span is how many seconds are remembered.
const span = 300

// ring remembers the last values, one a second. The zero value is empty.
type ring struct {
	values [span]float64
	next   int
	full   bool
}

// push adds a value, and forgets the oldest where there are span.
func (r *ring) push(v float64) {
	r.values[r.next] = v
	r.next++
	if r.next == span {
		r.next, r.full = 0, true
	}
}

// list returns the values, the oldest first.
func (r *ring) list() []float64 {
	if !r.full {
		return slices.Clone(r.values[:r.next])
	}
	return append(slices.Clone(r.values[r.next:]), r.values[:r.next]...)
}

// spread returns what the values come to; nil where there are none.
func (r *ring) spread() *Spread {
	list := r.list()
	if len(list) == 0 {
		return nil
	}
	s := &Spread{Now: list[len(list)-1]}
	slices.Sort(list)
	s.Least, s.Most, s.Median = list[0], list[len(list)-1], list[len(list)/2]
	if len(list)%2 == 0 {
		s.Median = (list[len(list)/2-1] + list[len(list)/2]) / 2
	}
	return s
}
