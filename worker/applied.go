package worker

import "slices"

// applied is the set of batches that a partition has taken in, kept as the ranges that they cover. Batches come in any
// order and neighbours grow together, so it stays small.
type applied map[int][]span

// span is a range [From, To) of an input.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// find returns where the batch's range belongs, and whether any of it is in the set already.
func (a applied) find(b Batch) (at int, there bool) {
	spans := a[b.Input]
	at, _ = slices.BinarySearchFunc(spans, b.Offset, func(s span, offset int64) int {
		if s.To <= offset {
			return -1
		}
		return 1
	}) // spans before at end at or before the batch
	return at, at < len(spans) && spans[at].From < b.end()
}

// add takes in a batch. It returns false, and changes nothing, if any of the batch's range is in the set already.
func (a applied) add(b Batch) bool {
	spans := a[b.Input]
	at, there := a.find(b)
	if there {
		return false
	}
	left := at > 0 && spans[at-1].To == b.Offset
	right := at < len(spans) && spans[at].From == b.end()
	switch {
	case left && right:
		spans[at-1].To = spans[at].To
		spans = slices.Delete(spans, at, at+1)
	case left:
		spans[at-1].To = b.end()
	case right:
		spans[at].From = b.Offset
	default:
		spans = slices.Insert(spans, at, span{b.Offset, b.end()})
	}
	a[b.Input] = spans
	return true
}
