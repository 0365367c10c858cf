package flow

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// A ranked is a key with its value, ready to be compared: head holds the key's first 15 bytes and the tag of its word,
// big-endian, so that two numbers decide what is first; only two long keys with the same beginning need more.
type ranked struct {
	head  [2]uint64
	value Decimal
	key   []byte // of a long key
}

// rank prepares a slot in use.
func (t *table) rank(s *slot) ranked {
	if s.hi>>tagAt == long {
		return rankLong(t.longKey(s), s.value)
	}
	return ranked{head: s.word.head(), value: s.value}
}

// head returns the word's bytes, tag included, as two numbers in the order of the bytes.
func (w word) head() [2]uint64 {
	return [2]uint64{bits.ReverseBytes64(w.lo), bits.ReverseBytes64(w.hi)}
}

// rankLong prepares a key that does not fit a word.
func rankLong(key []byte, value Decimal) ranked {
	return ranked{[2]uint64{binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:]) | long}, value, key}
}

// rankOf prepares any key.
func rankOf(key []byte, value Decimal) ranked {
	if len(key) > inWord {
		return rankLong(key, value)
	}
	return ranked{head: wordOf(key).head(), value: value}
}

// compare returns the order of two in the results: negative when a is first.
func (k *Keyed) compare(a, b *ranked) int {
	if k.byValue {
		if c := b.value.Compare(a.value); c != 0 {
			return c
		}
	}
	if a.head[0] != b.head[0] {
		return cmp.Compare(a.head[0], b.head[0])
	}
	if a.head[1] != b.head[1] {
		return cmp.Compare(a.head[1], b.head[1])
	}
	return bytes.Compare(a.key, b.key)
}

// sort puts all of them in the order of the results.
func (k *Keyed) sort(all []ranked) {
	slices.SortFunc(all, func(a, b ranked) int { return k.compare(&a, &b) })
}

// appendKey appends the key's bytes.
func (r *ranked) appendKey(dst []byte) []byte {
	if r.key != nil {
		return append(dst, r.key...)
	}
	var room [16]byte
	binary.BigEndian.PutUint64(room[:], r.head[0])
	binary.BigEndian.PutUint64(room[8:], r.head[1])
	return append(dst, room[:room[inWord]-1]...)
}

// appendEntry appends the entry of r.
func (r *ranked) appendEntry(dst []byte) []byte {
	if r.key != nil {
		return appendLong(dst, r.key, r.value)
	}
	w := word{bits.ReverseBytes64(r.head[0]), bits.ReverseBytes64(r.head[1])}
	return appendShort(dst, w, r.value)
}
