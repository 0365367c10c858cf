package worker

import "time"

// fixed finds what an operator that is started anew takes for every batch, whatever its size, beside its start: a program may
// import what it needs, or tidy up, only when it has read everything. It compares the smallest batch with the largest.
type fixed struct{ least, most measured }

// measured is how long a batch took.
type measured struct {
	units int64
	took  time.Duration
}

// observe takes in a batch, and returns what is fixed as far as can be seen: 0 unless it is most of what the smallest took.
func (f *fixed) observe(units int64, took time.Duration) time.Duration {
	if f.least.units == 0 || units <= f.least.units {
		f.least = measured{units, took}
	}
	if units >= f.most.units {
		f.most = measured{units, took}
	}
	if f.most.units < 2*f.least.units {
		return 0
	}
	each := max(float64(f.most.took-f.least.took), 0) / float64(f.most.units-f.least.units)
	if own := f.least.took - time.Duration(each*float64(f.least.units)); own > f.least.took/2 {
		return own
	}
	return 0
}
