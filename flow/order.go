package flow

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
)

// A place stands for one of many ranked while they are put in order: what it is compared by next, and where it is.
type place struct {
	by uint64
	at uint32
}

// fewPlaces is up to how many are sorted by comparing them.
const fewPlaces = 64

// An ordering is what putting keys in order needs, to be used again by the next partition.
type ordering struct {
	all    []ranked
	places []place
}

var orderings = sync.Pool{New: func() any { return new(ordering) }}

// newOrdering returns one with room for n keys.
func newOrdering(n int) *ordering {
	o := orderings.Get().(*ordering)
	o.all = slices.Grow(o.all[:0], n)
	return o
}

// done gives it back. The keys that it refers to are let go.
func (o *ordering) done() {
	clear(o.all)
	orderings.Put(o)
}

// order returns where the ranked are in the order of the results. It sorts by one number of 64 bits after the other,
// from the one that matters most, and looks at the next only where those before are equal. Numbers are sorted a byte at
// a time (least significant first), which takes the time of a few comparisons, however many there are.
func (k *Keyed) order(o *ordering) []place {
	all := o.all
	o.places = slices.Grow(o.places[:0], 2*len(all))[:2*len(all)]
	places, spare := o.places[:len(all)], o.places[len(all):]
	for i := range places {
		places[i] = place{at: uint32(i)}
	}
	level := 0
	if !k.byValue {
		level = 2
	}
	orderFrom(level, all, places, spare)
	return places
}

// measure returns what two ranked are compared by on a level: by value, the largest first, on 0 and 1; by key on 2, 3.
func (r *ranked) measure(level int) uint64 {
	switch level {
	case 0:
		return ^(uint64(r.value.hi) ^ 1<<63)
	case 1:
		return ^r.value.lo
	default:
		return r.head[level-2]
	}
}

// orderFrom sorts places that are equal on all levels before.
func orderFrom(level int, all []ranked, places, spare []place) {
	if level == 4 { // long keys with the same beginning
		slices.SortFunc(places, func(a, b place) int { return bytes.Compare(all[a.at].key, all[b.at].key) })
		return
	}
	for i := range places {
		places[i].by = all[places[i].at].measure(level)
	}
	if len(places) <= fewPlaces {
		slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.by, b.by) })
	} else {
		radix(places, spare)
	}
	for i := 0; i < len(places); {
		end := i + 1
		for end < len(places) && places[end].by == places[i].by {
			end++
		}
		if end-i > 1 {
			orderFrom(level+1, all, places[i:end], spare[i:end])
		}
		i = end
	}
}

// radix sorts places, with as much spare room. Bytes that are the same in all of them are passed over.
func radix(places, spare []place) {
	var counts [8][256]uint32
	for _, p := range places {
		for b := range counts {
			counts[b][byte(p.by>>(8*b))]++
		}
	}
	from, to := places, spare
	for b := range counts {
		count := &counts[b]
		if int(count[byte(places[0].by>>(8*b))]) == len(places) {
			continue
		}
		sum := uint32(0)
		for i, n := range count {
			count[i], sum = sum, sum+n
		}
		for _, p := range from {
			i := &count[byte(p.by>>(8*b))]
			to[*i] = p
			*i++
		}
		from, to = to, from
	}
	if &from[0] != &places[0] {
		copy(places, from)
	}
}
