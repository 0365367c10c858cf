package dashboard

import (
	"slices"
	"testing"
)

func TestRingRemembersTheLastFiveMinutes(t *testing.T) {
	var r ring
	if r.spread() != nil || len(r.list()) != 0 {
		t.Error("an empty one has values")
	}
	var want []float64
	for i := range span + 50 {
		r.push(float64(i))
		want = append(want, float64(i))
	}
	if got := r.list(); !slices.Equal(got, want[50:]) {
		t.Errorf("it remembers %v", got)
	}
	if got := *r.spread(); got != (Spread{Now: span + 49, Least: 50, Median: 199.5, Most: span + 49}) {
		t.Errorf("they come to %+v", got)
	}
}

func TestSpreadOfOddlyManyHasTheMiddleOne(t *testing.T) {
	var r ring
	for _, v := range []float64{9, 1, 4} {
		r.push(v)
	}
	if got := *r.spread(); got != (Spread{Now: 4, Least: 1, Median: 4, Most: 9}) {
		t.Errorf("they come to %+v", got)
	}
}
