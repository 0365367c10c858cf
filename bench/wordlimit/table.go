package main

import (
	"encoding/binary"
	"math/bits"
)

// A word of up to 16 bytes, padded with zeros, and how often it was seen.
type entry struct{ low, high, count uint64 }

// A table counts words, the short ones by open addressing with linear probing. No word is empty.
type table struct {
	slots []entry
	used  int
	long  map[string]uint64
}

const firstSlots = 1 << 16

func newTable() *table {
	return &table{slots: make([]entry, firstSlots), long: map[string]uint64{}}
}

// add counts the word in the first n bytes of b, behind which there are zeros.
func (t *table) add(b *[maxShort]byte, n int, count uint64) {
	t.addShort(binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), count)
}

// addWord counts a word of any length.
func (t *table) addWord(word string, count uint64) {
	if len(word) > maxShort {
		t.long[word] += count
		return
	}
	var room [maxShort]byte
	copy(room[:], word)
	t.add(&room, len(word), count)
}

func (t *table) addShort(low, high, count uint64) {
	a, b := bits.Mul64(low^0xA24BAED4963EE407, high^0x9FB21C651E98DF25)
	for i := a ^ b; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.count == 0 {
			*s = entry{low, high, count}
			if t.used++; t.used > len(t.slots)/4*3 {
				t.grow()
			}
			return
		}
		if s.low == low && s.high == high {
			s.count += count
			return
		}
	}
}

func (t *table) grow() {
	old := t.slots
	t.slots, t.used = make([]entry, 4*len(old)), 0
	for _, e := range old {
		if e.count > 0 {
			t.addShort(e.low, e.high, e.count)
		}
	}
}

// merge adds all of another table's.
func (t *table) merge(other *table) {
	for _, e := range other.slots {
		if e.count > 0 {
			t.addShort(e.low, e.high, e.count)
		}
	}
	for word, count := range other.long {
		t.long[word] += count
	}
}

// each calls f with every word.
func (t *table) each(f func(word string, count uint64)) {
	var room [maxShort]byte
	for _, e := range t.slots {
		if e.count == 0 {
			continue
		}
		binary.LittleEndian.PutUint64(room[:], e.low)
		binary.LittleEndian.PutUint64(room[8:], e.high)
		n := maxShort
		for n > 0 && room[n-1] == 0 {
			n--
		}
		f(string(room[:n]), e.count)
	}
	for word, count := range t.long {
		f(word, count)
	}
}
