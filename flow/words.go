package flow

import "encoding/binary"

// CountWords counts text[edges[0]:edges[1]], text[edges[2]:edges[3]] and so on, once each and in lower case. All of them
// are ASCII letters. It may read what lies behind text in its memory, up to its capacity. Where there are many words it is
// much faster than Count.
func (c *Counter) CountWords(text []byte, edges []uint32) {
	for len(edges) > 1 {
		n := min(len(edges), 2*len(c.missed))
		(*collector)(c).countWords(text[:cap(text)], edges[:n])
		edges = edges[n:]
	}
}

// countWords counts as many words as there is room for in missed. Whether a word is found where it should be decides no
// jump, for that would be guessed wrong too often: those that are not found there are set aside, and counted at the end.
func (c *collector) countWords(text []byte, edges []uint32) {
	t, missed := &c.batch, 0
	for i := 0; i+1 < len(edges); i += 2 {
		begin, end := int(edges[i]), int(edges[i+1])
		if end-begin > inWord || begin+16 > len(text) || !c.quick {
			c.lower = appendLower(c.lower[:0], text[begin:end])
			c.add(c.lower, Decimal{lo: 1})
			continue
		}
		w := lowerWord((*[16]byte)(text[begin:]), end-begin)
		s := &t.slots[w.hash()&t.mask]
		differs := s.lo ^ w.lo | s.hi ^ w.hi
		absent := (differs | -differs) >> 63
		s.value.lo += 1 - absent // no batch has 2^64 words
		c.missed[missed&(len(c.missed)-1)] = w
		missed += int(absent)
		c.adds++
	}
	for _, w := range c.missed[:missed] {
		s := t.at(w, w.hash())
		if s.hi == 0 {
			s.word = w
			t.used++
		}
		s.value.lo++
	}
}

// lowerWord returns the word of the first n letters of b, in lower case.
func lowerWord(b *[16]byte, n int) word {
	const lower = 0x2020202020202020
	n &= 15
	return word{
		(binary.LittleEndian.Uint64(b[:]) | lower) & lows[n],
		(binary.LittleEndian.Uint64(b[8:])|lower)&highs[n] | uint64(n+1)<<tagAt,
	}
}

// appendLower appends letters to dst, in lower case.
func appendLower(dst, letters []byte) []byte {
	for _, b := range letters {
		dst = append(dst, b|0x20)
	}
	return dst
}
