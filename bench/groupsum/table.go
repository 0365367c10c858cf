package main

import "math/bits"

// A group is a key, up to 8 bytes as a big-endian number, and a sum of 128 bits.
type group struct{ key, high, low uint64 }

// A table maps keys to sums by open addressing with linear probing. No key is 0.
type table struct {
	slots []group
	shift int
	used  int
}

// firstSlots is enough for most of the groups that a worker of a few meets; larger tables grow.
const firstSlots = 1 << 19

// add adds an amount to a key with that hash.
func (t *table) add(key, hash, high, low uint64) {
	if t.used >= len(t.slots)/8*7 {
		t.grow()
	}
	// The hash's upper bits choose the partition, those below the slot.
	for i := hash << 8 >> t.shift; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.key == 0 {
			s.key = key
			t.used++
		}
		if s.key == key {
			var carry uint64
			s.low, carry = bits.Add64(s.low, low, 0)
			s.high += high + carry
			return
		}
	}
}

func (t *table) grow() {
	old := t.slots
	n := max(2*len(old), firstSlots)
	t.slots, t.shift, t.used = make([]group, n), 64-bits.Len(uint(n-1)), 0
	for i := 0; i < n; i += 128 {
		t.slots[i] = group{} // the first touch of a page is a write, which spares a fault
	}
	for _, g := range old {
		if g.key != 0 {
			t.add(g.key, g.key*0x9E3779B97F4A7C15, g.high, g.low)
		}
	}
}

// merge adds all of another table's.
func (t *table) merge(other *table) {
	for _, g := range other.slots {
		if g.key != 0 {
			t.add(g.key, g.key*0x9E3779B97F4A7C15, g.high, g.low)
		}
	}
}

// groups returns what is in the table.
func (t *table) groups() []group {
	all := make([]group, 0, t.used)
	for _, g := range t.slots {
		if g.key != 0 {
			all = append(all, g)
		}
	}
	return all
}
