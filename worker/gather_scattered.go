package worker

import (
	"maps"
	"slices"

	"flashmob/manifest"
)

// scattered is what a gatherer knows that appends parts as they come. Two have to wait all the same: what has rejects, until
// their line numbers are known, and, where the results begin with what the first batch makes (the header line), all but that.
type scattered struct {
	leads  bool       // the first batch of the first input comes first
	there  applied    // what is in the folder
	fronts []frontier // by input
}

// frontier is how far an input is in the folder without a gap, and what is there behind it.
type frontier struct {
	next, lines int64
	beyond      map[int64]stretch // by offset
}

// stretch is what is to be known of a part behind a gap.
type stretch struct{ end, lines int64 }

func newScattered(inputs int, begin func(input int) int64) *scattered {
	s := &scattered{there: applied{}, fronts: make([]frontier, inputs)}
	for i := range s.fronts {
		s.fronts[i] = frontier{next: begin(i), beyond: map[int64]stretch{}}
	}
	return s
}

// add notes that a batch's part is in the folder.
func (s *scattered) add(b Batch, lines int64) {
	s.there.add(b)
	f := &s.fronts[b.Input]
	f.beyond[b.Offset] = stretch{b.end(), lines}
	for {
		past, ok := f.beyond[f.next]
		if !ok {
			return
		}
		delete(f.beyond, f.next)
		f.next, f.lines = past.end, f.lines+past.lines
	}
}

// ready reports whether a part may be appended.
func (s *scattered) ready(part heldPart, begun bool) bool {
	b := part.Batch
	if part.Tally.Rejected > 0 && s.fronts[b.Input].next != b.Offset {
		return false
	}
	return begun || b.Input == 0 && b.Offset == s.fronts[0].next
}

// advanceScattered appends every part that may be, and moves on to the first input that is not whole.
func (g *gatherer) advanceScattered(begin func(input int) int64) error {
	s := g.scattered
	for moved := true; moved; {
		moved = false
		for _, input := range slices.Sorted(maps.Keys(g.held)) {
			var kept []heldPart
			for at, part := range g.held[input] {
				end, known := g.ends[0]
				if !s.ready(part, !s.leads || s.fronts[0].next > begin(0) || known && end == begin(0)) {
					kept = append(kept, part)
					continue
				}
				if err := g.append(part); err != nil {
					return err
				}
				moved = moved || at > 0 || len(kept) > 0 // those before it may have waited for it
			}
			if g.held[input] = kept; kept == nil {
				delete(g.held, input)
			}
		}
	}
	for ; g.input < len(s.fronts); g.input++ {
		if end, known := g.ends[g.input]; !known || s.fronts[g.input].next < end {
			return nil
		}
	}
	return nil
}

// passed notes that the part of a batch is in the folder.
func (g *gatherer) passed(b Batch, lines int64) {
	if g.scattered != nil {
		g.scattered.add(b, lines)
		return
	}
	g.next = b.end()
	g.lines += lines
}

// before returns how many LFs stand before a batch in its input; of one that waits for its turn to be appended, where only some
// do.
func (g *gatherer) before(b Batch) int64 {
	if g.scattered != nil {
		return g.scattered.fronts[b.Input].lines
	}
	return g.lines
}

// restored notes a part that the folder had before.
func (g *gatherer) restored(part manifest.Part) {
	switch {
	case g.scattered == nil && part.Input != g.input:
		g.input, g.lines = part.Input, 0
	case g.scattered != nil && part.Length > 0:
		g.scattered.add(Batch{Input: part.Input, Offset: part.Offset, Length: part.Length}, part.Lines)
	}
	if g.scattered == nil {
		if part.Kind != manifest.Merged { // which has no place in the input
			g.next = part.End()
		}
		g.lines += part.Lines
	}
	if part.Bytes > 0 {
		g.open = part.Open
	}
	g.heads = g.heads || part.Kind == manifest.Title
}
