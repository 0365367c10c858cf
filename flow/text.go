package flow

import "bytes"

// Text is running text for stages that look for words: a record is a line as with Lines, but a line of more than 64 KiB
// falls into several records, each ended by the first byte that no word holds once it has that length. Such a byte is
// any in ASCII but the letters. So neither books in one line nor binary files need memory, or are rejected, unless
// they have longer runs of nothing but letters and bytes beyond ASCII than a record may be long.
//
// A keyed stage directly behind Text is given stretches of whole records, line ends included, instead of one record at
// a time.
var Text = Source{format: "text", comma: ','}

// longLine is how long a record of Text gets before it is cut elsewhere than at its line's end.
const longLine = 64 << 10

// partsWords reports whether the byte parts words: it is ASCII, and no letter.
func partsWords(b byte) bool { return b < 0x80 && (b|0x20 < 'a' || b|0x20 > 'z') }

// textEnd returns the offset past the end of the record that data begins in, of which have bytes stand before data; or
// 0 when it does not end in data.
func textEnd(data []byte, have int) int {
	head := data[:min(max(longLine-have, 0), len(data))]
	if n := bytes.IndexByte(head, '\n'); n >= 0 {
		return n + 1
	}
	for i := len(head); i < len(data); i++ {
		if partsWords(data[i]) {
			return i + 1
		}
	}
	return 0
}

// scanText is scan for Text: have is what is known of the record that the block begins in.
func (c *Cutter) scanText(block []byte, first bool) (end int, ok bool) {
	if !first { // the record that the last LF ends, or a later one
		if n := bytes.LastIndexByte(block, '\n'); n >= 0 {
			end, c.have = n+1, 0
		}
	}
	for {
		n := textEnd(block[end:], c.have)
		if n == 0 {
			c.have += len(block) - end
			return end, end > 0
		}
		end, c.have = end+n, 0
		if first {
			return end, true
		}
	}
}
