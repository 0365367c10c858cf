package manifest

import "flashmob/input"

// coverage follows parts over the inputs of a run and finds where they leave a gap or overlap.
type coverage struct {
	inputs []input.Input
	ends   []int64 // how far each is covered
	at     int     // the input that the last part was of
	parts  int
}

func newCoverage(inputs []input.Input) *coverage {
	return &coverage{inputs: inputs, ends: make([]int64, len(inputs))}
}

// add takes in the next part, and returns an error if it does not follow those before it.
func (c *coverage) add(p Part) error {
	i := c.parts
	if p.Input < c.at || p.Input >= len(c.inputs) {
		return brokenf("part %d is of input %d, after one of input %d", i, p.Input, c.at)
	}
	first := i == 0 || p.Input != c.at
	c.parts, c.at = i+1, p.Input
	if !p.covers() {
		return nil
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

// whole returns an error unless every input whose size is known is covered to its end.
func (c *coverage) whole() error {
	for i, in := range c.inputs {
		if in.HasRanges() && c.ends[i] != in.Size {
			return brokenf("input %s is covered to %d of %d", in.URI, c.ends[i], in.Size)
		}
	}
	return nil
}
