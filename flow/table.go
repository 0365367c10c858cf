package flow

import (
	"bytes"
	"math/bits"
	"sync"
	"unsafe"
)

// A slot of a table: a key and its value. It takes 32 bytes, so that two lie in a line of the processor's cache.
type slot struct {
	word
	value Decimal
}

// A table maps keys to values: open addressing with linear probing, a power of two of slots, at most 3/4 of them used.
// Keys of up to 15 bytes cost nothing but their slot; the bytes of longer ones lie in long. The zero table is empty.
type table struct {
	slots []slot
	mask  uint64
	used  int
	full  int      // used when the table must grow
	long  [][]byte // keys that do not fit a word
}

// smallest is the number of slots that a table begins with.
const smallest = 64

// at returns the slot of the word with that hash. The slot's word is zero when the table lacks the key: then the caller
// fills it in and calls added. The slot is the caller's until then.
func (t *table) at(w word, hash uint64) *slot {
	if t.used >= t.full {
		t.grow()
	}
	for i := hash; ; i++ {
		s := &t.slots[i&t.mask]
		if s.word == w || s.hi == 0 {
			return s
		}
	}
}

// atLong is at for a key that does not fit a word. It fills in the word of a new key itself.
func (t *table) atLong(key []byte, hash uint64) (s *slot, added bool) {
	if t.used >= t.full {
		t.grow()
	}
	for i := hash; ; i++ {
		s := &t.slots[i&t.mask]
		if s.hi == 0 {
			s.word = word{hash, long<<tagAt | uint64(len(t.long))}
			t.long = append(t.long, bytes.Clone(key))
			t.used++
			return s, true
		}
		if s.lo == hash && s.hi>>tagAt == long && bytes.Equal(t.longKey(s), key) {
			return s, false
		}
	}
}

// longKey returns the key of a slot that holds a long one.
func (t *table) longKey(s *slot) []byte { return t.long[s.hi&(1<<tagAt-1)] }

// key appends the key of a slot in use to dst.
func (t *table) key(dst []byte, s *slot) []byte {
	if s.hi>>tagAt == long {
		return append(dst, t.longKey(s)...)
	}
	var room [16]byte
	s.word.put(&room)
	return append(dst, room[:s.hi>>tagAt-1]...)
}

// hash returns the hash of the key of a slot in use.
func (s *slot) hash() uint64 {
	if s.hi>>tagAt == long {
		return s.lo
	}
	return s.word.hash()
}

// grow makes room for more keys.
func (t *table) grow() {
	old := t.slots
	t.resize(max(growth(len(old))*len(old), smallest))
	for i := range old {
		if s := &old[i]; s.hi != 0 {
			t.move(s)
		}
	}
	recycle(old)
}

// growth is by how much a table of n slots grows: while it is small, moving costs more than memory.
func growth(n int) int {
	if n < 1<<13 {
		return 4
	}
	return 2
}

// move copies a slot of an older form of the table into this one.
func (t *table) move(s *slot) {
	i := s.hash()
	for t.slots[i&t.mask].hi != 0 {
		i++
	}
	t.slots[i&t.mask] = *s
}

// dropZeros removes the keys whose value is zero.
func (t *table) dropZeros() {
	old := t.slots
	t.resize(len(old))
	t.used = 0
	for i := range old {
		if s := &old[i]; s.hi != 0 && s.value != (Decimal{}) {
			t.move(s)
			t.used++
		}
	}
}

// resize gives the table n empty slots.
func (t *table) resize(n int) {
	t.slots, t.mask, t.full = freshSlots(n), uint64(n-1), n/4*3
}

// reset empties the table and keeps its memory.
func (t *table) reset() {
	clear(t.slots)
	t.used, t.long = 0, nil
}

// Slots that a table has grown out of serve the next one that grows to their number: the partitions of a stage grow alike,
// one after the other, and memory that the system has given once costs nothing more.
var spareSlots [32]sync.Pool

// freshSlots returns n empty slots, a power of two.
func freshSlots(n int) []slot {
	if spare, ok := spareSlots[bits.Len(uint(n))].Get().(*[]slot); ok {
		clear(*spare)
		return *spare
	}
	fresh := make([]slot, n)
	for i := 0; i < n; i += pageSlots {
		fresh[i] = slot{}
	}
	return fresh
}

// pageSlots is how many slots lie in a page. Each page of new memory is written to before anything is read from it: what is
// read first is a page of zeros that all share, and the first write then takes a copy, and an interrupt of every core.
const pageSlots = 4096 / int(unsafe.Sizeof(slot{}))

// recycle takes back slots that nothing refers to any more.
func recycle(slots []slot) {
	if len(slots) >= smallest {
		spareSlots[bits.Len(uint(len(slots)))].Put(&slots)
	}
}
