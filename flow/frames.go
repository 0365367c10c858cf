package flow

import (
	"encoding/binary"
	"fmt"
)

// Frames is binary messages one after the other: a record is a payload, and stands behind its length, 4 bytes,
// big-endian. What a flow makes of one is a line of text. In rejects a frame's line is its number. Rejected are frames
// without a payload, and a last one that is cut short.
var Frames = Source{format: "frames", comma: ','}

// frameHead is how many bytes stand before a payload.
const frameHead = 4

// lineFeed ends the lines that are made of frames.
var lineFeed = []byte{'\n'}

// frame returns the first frame of data, or all of data where it ends before the frame does.
func frame(data []byte) []byte {
	if len(data) < frameHead {
		return data
	}
	if n := uint64(binary.BigEndian.Uint32(data)); n < uint64(len(data)-frameHead) {
		return data[:frameHead+n]
	}
	return data
}

// frameFault returns why a frame is no record, or "".
func frameFault(whole []byte) string {
	switch have := len(whole) - frameHead; {
	case have < 0:
		return fmt.Sprintf("cut short: %d bytes of a frame's length", len(whole))
	case have == 0 && binary.BigEndian.Uint32(whole) == 0:
		return "empty frame"
	case have < int(binary.BigEndian.Uint32(whole)):
		return fmt.Sprintf("cut short: %d bytes of a frame of %d", have, binary.BigEndian.Uint32(whole))
	}
	return ""
}

// framing finds the ends of frames in blocks.
type framing struct {
	head [frameHead]byte
	have int   // bytes of head that have come
	left int64 // bytes of the payload that have not
}

// scan takes in block, up to the first frame's end if first is set, and returns the offset past the last end that it saw,
// and whether there was one.
func (f *framing) scan(block []byte, first bool) (end int, ok bool) {
	for at := 0; at < len(block); {
		if f.have < frameHead {
			n := copy(f.head[f.have:], block[at:])
			if f.have, at = f.have+n, at+n; f.have < frameHead {
				break
			}
			f.left = int64(binary.BigEndian.Uint32(f.head[:]))
		}
		n := min(f.left, int64(len(block)-at))
		if f.left, at = f.left-n, at+int(n); f.left > 0 {
			break
		}
		f.have, end, ok = 0, at, true
		if first {
			break
		}
	}
	return end, ok
}
