package manifest

import (
	"cmp"
	"slices"

	"flashmob/input"
)

// coverage follows parts over the inputs of a run and finds where they leave a gap or overlap.
type coverage struct {
	inputs    []input.Input
	ends      []int64 // how far each is covered
	at        int     // the input that the last part was of
	parts     int
	scattered [][]Part // by input, in the order of their offsets, where parts come in any order; nil where they come in the input's
}

func newCoverage(run Run) *coverage {
	c := &coverage{inputs: run.Inputs, ends: make([]int64, len(run.Inputs))}
	if run.Unordered() {
		c.scattered = make([][]Part, len(run.Inputs))
	}
	return c
}

// add takes in the next part, and returns an error if it does not follow those before it, or, where they come in any order,
// if it overlaps one of them.
func (c *coverage) add(p Part) error {
	i := c.parts
	if p.Input < 0 || p.Input >= len(c.inputs) || p.Input < c.at && c.scattered == nil {
		return brokenf("part %d is of input %d, after one of input %d", i, p.Input, c.at)
	}
	first := i == 0 || p.Input != c.at
	c.parts, c.at = i+1, p.Input
	if !p.covers() {
		return nil
	}
	if c.scattered != nil {
		return c.scatter(i, p)
	}
	if first && p.Kind == Header && c.inputs[p.Input].IsGenerated() {
		c.ends[p.Input] = p.Offset // the header counts as the row before the first
	}
	if p.Offset != c.ends[p.Input] || p.Length <= 0 {
		return brokenf("part %d covers input %d from %d on, want %d", i, p.Input, p.Offset, c.ends[p.Input])
	}
	c.ends[p.Input] = p.End()
	return nil
}

// scatter takes in a part that may stand anywhere in its input.
func (c *coverage) scatter(i int, p Part) error {
	parts := c.scattered[p.Input]
	at, _ := slices.BinarySearchFunc(parts, p.Offset, func(q Part, offset int64) int { return cmp.Compare(q.Offset, offset) })
	if p.Length <= 0 || at > 0 && parts[at-1].End() > p.Offset || at < len(parts) && p.End() > parts[at].Offset {
		return brokenf("part %d covers input %d from %d to %d, which others do too", i, p.Input, p.Offset, p.End())
	}
	c.scattered[p.Input] = slices.Insert(parts, at, p)
	return nil
}

// whole returns an error if there are gaps, or an input whose size is known is not covered to its end.
func (c *coverage) whole() error {
	for i, parts := range c.scattered {
		for j, p := range parts {
			if j == 0 && p.Kind == Header && c.inputs[i].IsGenerated() {
				c.ends[i] = p.Offset
			}
			if p.Offset != c.ends[i] {
				return brokenf("input %s is covered to %d, and again from %d on", c.inputs[i].URI, c.ends[i], p.Offset)
			}
			c.ends[i] = p.End()
		}
	}
	for i, in := range c.inputs {
		if in.HasRanges() && c.ends[i] != in.Size {
			return brokenf("input %s is covered to %d of %d", in.URI, c.ends[i], in.Size)
		}
	}
	return nil
}

// InInputOrder returns the parts that cover ranges of an input, in the order of those.
func InInputOrder(parts []Part, input int) []Part {
	var own []Part
	for _, p := range parts {
		if p.Input == input && p.covers() {
			own = append(own, p)
		}
	}
	slices.SortFunc(own, func(a, b Part) int { return cmp.Compare(a.Offset, b.Offset) })
	return own
}
