package dashboard

import (
	"slices"
	"time"
)

// traceLength is how many stretches of time a trace tells apart at most.
const traceLength = 360

// trace remembers the rate of a whole run, however long: when there are too many stretches, neighbours become one. The zero
// value is empty.
type trace struct {
	every  int // seconds in a stretch
	values []float64
	sum    float64 // of the stretch that is not full
	n      int
}

// push adds the value of a second.
func (t *trace) push(v float64) {
	t.every = max(t.every, 1)
	t.sum, t.n = t.sum+v, t.n+1
	if t.n < t.every {
		return
	}
	t.values = append(t.values, t.sum/float64(t.n))
	t.sum, t.n = 0, 0
	if len(t.values) == traceLength {
		for i := range traceLength / 2 {
			t.values[i] = (t.values[2*i] + t.values[2*i+1]) / 2
		}
		t.values = t.values[:traceLength/2]
		t.every *= 2
	}
}

// traces are those of a run.
type traces struct{ rows, bytes, out, busy trace }

// clone returns a copy that changes no more.
func (t traces) clone() *traces {
	for _, one := range []*trace{&t.rows, &t.bytes, &t.out, &t.busy} {
		one.values = slices.Clone(one.values)
	}
	return &t
}

// list returns the values, and how much time each stands for.
func (t *trace) list() ([]float64, time.Duration) {
	list := slices.Clone(t.values)
	if t.n > 0 {
		list = append(list, t.sum/float64(t.n))
	}
	return list, time.Duration(max(t.every, 1)) * time.Second
}
