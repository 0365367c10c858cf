package flow

import "bytes"

// Cutter finds the ends of records in an input that arrives in blocks of any size. It keeps what it must know from
// block to block (whether it stands inside quotes), so a cut never falls inside a quoted field. It looks at each byte
// once and, where there are no quotes, at the speed of memory. Not for concurrent use.
type Cutter struct {
	csv    bool
	text   bool
	frames *framing // of Frames
	comma  byte
	quote  byte
	prev   byte // the byte before the block: decides whether a quote at its start opens a field
	quoted bool // inside a quoted field
	split  bool // the last block ended in a quote inside a quoted field: the end of the field, or half of a pair
	have   int  // of Text: how long the record is so far
}

// Last takes in the whole block and returns the offset just past the last record that ends in it, or 0 when none does.
func (c *Cutter) Last(block []byte) int {
	last, _ := c.scan(block, false)
	return last
}

// Next takes in the block up to the end of the first record and returns the offset just past it. When no record ends
// in the block it takes in all of it and returns its length and false.
func (c *Cutter) Next(block []byte) (end int, ok bool) {
	if end, ok = c.scan(block, true); !ok {
		end = len(block)
	}
	return end, ok
}

// Open reports whether the input, if it ended here, would end inside a quoted field.
func (c *Cutter) Open() bool { return c.quoted && !c.split }

// scan takes in block, up to the first record end if first is set, and returns the offset past the last record end
// that it saw, and whether there was one.
func (c *Cutter) scan(block []byte, first bool) (end int, ok bool) {
	if len(block) == 0 {
		return 0, false
	}
	if c.frames != nil {
		return c.frames.scan(block, first)
	}
	if c.text {
		return c.scanText(block, first)
	}
	lf := -1 // the LF found last, if first is set; len(block) behind the last of them
	for i := c.resume(block); i < len(block); {
		if c.quoted {
			i = c.skipQuoted(block, i)
			continue
		}
		stretch, quote := block[i:], -1
		if first { // no further than the next LF: the rest of the block may be large, and is not asked for
			if lf < i { // looked for once, not once a quote: a long record may be full of them
				if lf = bytes.IndexByte(stretch, '\n'); lf < 0 {
					lf = len(stretch)
				}
				lf += i
			}
			stretch = block[i:min(lf+1, len(block))]
		}
		if c.csv {
			if quote = bytes.IndexByte(stretch, c.quote); quote >= 0 {
				stretch = stretch[:quote]
			}
		}
		if n := bytes.LastIndexByte(stretch, '\n'); n >= 0 {
			end, ok = i+n+1, true
			if first {
				c.prev = '\n'
				return end, true
			}
		}
		if quote < 0 {
			break
		}
		before := c.prev
		if i+quote > 0 {
			before = block[i+quote-1]
		}
		c.quoted = before == c.comma || before == '\n'
		i += quote + 1
	}
	c.prev = block[len(block)-1]
	return end, ok
}

// resume settles what a quote at the end of the last block meant and returns where to go on in this one.
func (c *Cutter) resume(block []byte) int {
	if !c.split {
		return 0
	}
	c.split = false
	if block[0] == c.quote {
		return 1
	}
	c.quoted = false
	return 0
}

// skipQuoted returns the offset past the quote that closes the field, or the block's end.
func (c *Cutter) skipQuoted(block []byte, i int) int {
	for i < len(block) {
		n := bytes.IndexByte(block[i:], c.quote)
		if n < 0 {
			return len(block)
		}
		i += n + 1
		switch {
		case i == len(block):
			c.split = true
		case block[i] == c.quote:
			i++
		default:
			c.quoted = false
			return i
		}
	}
	return i
}
