package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// An entry is a key and a value on their way to the key's owner. Segments, snapshots and runs are made of them:
//
//	1 byte    how many bytes the key has (low half; 15: an unsigned varint follows that says it), and the value (high half)
//	key
//	value     a whole number of units, little-endian, sign-extended: 1 to 8 bytes, or 16 (high half 9)
//
// So a word that was seen a few times takes its letters and two bytes, a prefix of 8 bytes with a decimal 17.
const (
	keyFollows = 15
	wideValue  = 9
	entryRoom  = 1 + 16 + 16 // what an entry whose key fits a word takes at most, and writing it may touch
)

// errTorn says that a segment, snapshot or run does not end where its entries do.
var errTorn = errors.New("torn entries")

// appendEntry appends the entry of a slot in use.
func (t *table) appendEntry(dst []byte, s *slot) []byte {
	if s.hi>>tagAt == long {
		return appendLong(dst, t.longKey(s), s.value)
	}
	return appendShort(dst, s.word, s.value)
}

// appendShort appends the entry of a key that fits a word.
func appendShort(dst []byte, w word, value Decimal) []byte {
	n := int(w.hi>>tagAt) - 1
	if n == keyFollows || value.hi != int64(value.lo)>>63 {
		var room [16]byte
		w.put(&room)
		return appendLong(dst, room[:n], value)
	}
	at := len(dst)
	if cap(dst)-at < entryRoom {
		dst = grown(dst)
	}
	b := dst[at : at+entryRoom]
	width := widthOf(int64(value.lo))
	b[0] = byte(n | width<<4)
	binary.LittleEndian.PutUint64(b[1:], w.lo)
	binary.LittleEndian.PutUint64(b[9:], w.hi)
	binary.LittleEndian.PutUint64(b[1+n:], value.lo)
	return dst[:at+1+n+width]
}

// widthOf returns how many bytes hold the number with its sign.
func widthOf(n int64) int { return (bits.Len64(uint64(n^n>>63)) + 8) / 8 }

// grown returns dst with room for many more entries.
func grown(dst []byte) []byte {
	wide := make([]byte, len(dst), max(2*cap(dst), 4<<10))
	copy(wide, dst)
	return wide
}

// appendLong appends the entry of any key and value.
func appendLong(dst, key []byte, value Decimal) []byte {
	width := wideValue
	if value.hi == int64(value.lo)>>63 {
		width = widthOf(int64(value.lo))
	}
	if len(key) < keyFollows {
		dst = append(dst, byte(len(key)|width<<4))
	} else {
		dst = append(dst, byte(keyFollows|width<<4))
		dst = binary.AppendUvarint(dst, uint64(len(key)))
	}
	dst = append(dst, key...)
	var number [16]byte
	binary.LittleEndian.PutUint64(number[:], value.lo)
	binary.LittleEndian.PutUint64(number[8:], uint64(value.hi))
	if width == wideValue {
		width = len(number)
	}
	return append(dst, number[:width]...)
}

// put writes the word's bytes, tag included.
func (w word) put(room *[16]byte) {
	binary.LittleEndian.PutUint64(room[:], w.lo)
	binary.LittleEndian.PutUint64(room[8:], w.hi)
}

// shortEntry reads an entry that most are like, with a short key and a value of up to 8 bytes, from the front of b. It
// returns a size of 0 for another, and for one so near to the end that reading 32 bytes at once would go beyond it.
func shortEntry(b []byte) (w word, value Decimal, size int) {
	if len(b) < entryRoom {
		return word{}, Decimal{}, 0
	}
	n, width := int(b[0]&15), int(b[0]>>4)
	if n == keyFollows || uint(width-1) > 7 {
		return word{}, Decimal{}, 0
	}
	w = word{binary.LittleEndian.Uint64(b[1:]) & lows[n], binary.LittleEndian.Uint64(b[9:])&highs[n] | uint64(n+1)<<tagAt}
	shift := uint(64 - 8*width)
	v := int64(binary.LittleEndian.Uint64(b[1+n:])<<shift) >> shift
	return w, Decimal{v >> 63, uint64(v)}, 1 + n + width
}

// nextEntry reads any entry from the front of b and returns how long it is. key shares b's memory.
func nextEntry(b []byte) (key []byte, value Decimal, size int, err error) {
	if len(b) == 0 {
		return nil, Decimal{}, 0, errTorn
	}
	n, width := uint64(b[0]&15), int(b[0]>>4)
	at := 1
	if n == keyFollows {
		var used int
		if n, used = binary.Uvarint(b[1:]); used <= 0 {
			return nil, Decimal{}, 0, errTorn
		}
		at += used
	}
	if n > uint64(len(b)-at) {
		return nil, Decimal{}, 0, errTorn
	}
	key = b[at : at+int(n)]
	at += int(n)
	bytes := width
	switch {
	case width == wideValue:
		bytes = 16
	case width < 1 || width > 8:
		return nil, Decimal{}, 0, fmt.Errorf("%w: a value of %d bytes", errTorn, width)
	}
	if bytes > len(b)-at {
		return nil, Decimal{}, 0, errTorn
	}
	var number [16]byte
	copy(number[:], b[at:at+bytes])
	value.lo, value.hi = binary.LittleEndian.Uint64(number[:]), int64(binary.LittleEndian.Uint64(number[8:]))
	if width != wideValue {
		shift := 64 - 8*width
		value.lo = uint64(int64(value.lo<<shift) >> shift)
		value.hi = int64(value.lo) >> 63
	}
	return key, value, at + bytes, nil
}

// An update is one value on its way to a stage that puts out something on each: its place among the batch's updates,
// the key and the value, each of the two with its length before it.
func appendUpdate(dst []byte, place uint64, key, value []byte) []byte {
	dst = binary.AppendUvarint(dst, place)
	dst = append(binary.AppendUvarint(dst, uint64(len(key))), key...)
	return append(binary.AppendUvarint(dst, uint64(len(value))), value...)
}

// nextNumber reads an unsigned varint from the front of b and returns what is behind it.
func nextNumber(b []byte) (n uint64, rest []byte, err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 {
		return 0, nil, errTorn
	}
	return n, b[used:], nil
}

// nextText reads a length and as many bytes from the front of b and returns what is behind them.
func nextText(b []byte) (text, rest []byte, err error) {
	n, b, err := nextNumber(b)
	if err != nil || n > uint64(len(b)) {
		return nil, nil, errTorn
	}
	return b[:n], b[n:], nil
}
