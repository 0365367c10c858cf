package flow

import (
	"fmt"
	"strings"
	"testing"
)

// keysLike makes n keys of a form.
func keysLike(form string, n int) [][]byte {
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, form, i)
	}
	return keys
}

var keyForms = []string{"%d", "%08d", "10.20.%d", "%x", "key %016d", "a rather long key that ends in %d", "%d" + strings.Repeat("tail", 9)}

// Another build must agree on who owns a key, so these may never change.
func TestHashesNeverChange(t *testing.T) {
	for key, want := range map[string]int{
		"": 266439, "a": 989229, "the": 852307, "10.20.30": 422520, "fifteen letters": 614397, "sixteen  letters": 761915, "a key of more than sixteen bytes": 933362,
	} {
		if got := partitionOf(hashOf([]byte(key)), 1_000_000); got != want {
			t.Errorf("%q belongs to %d, want %d", key, got, want)
		}
	}
}

func TestPartitionsAreOfAboutEqualSize(t *testing.T) {
	const n = 100_000
	for _, form := range keyForms {
		for _, partitions := range []int{2, 7, 64, 256} {
			sizes := make([]int, partitions)
			for _, key := range keysLike(form, n) {
				sizes[partitionOf(hashOf(key), partitions)]++
			}
			for p, size := range sizes {
				if mean := n / partitions; size < mean*3/4 || size > mean*5/4 {
					t.Errorf("%q: partition %d of %d has %d keys of %d", form, p, partitions, size, n)
				}
			}
		}
	}
}

// If partitions and tables used the same bits of the hash, the keys of one partition would crowd a part of its table.
func TestTheKeysOfOnePartitionSpreadOverItsTable(t *testing.T) {
	for _, form := range keyForms {
		for _, partitions := range []int{1, 2, 256} {
			var tab table
			for _, key := range keysLike(form, 100_000) {
				if hash := hashOf(key); partitionOf(hash, partitions) == partitions/2 {
					tab.enter(key, hash)
				}
			}
			steps := 0
			for i := range tab.slots {
				if s := &tab.slots[i]; s.hi != 0 {
					steps += int((uint64(i) - s.hash()) & tab.mask)
				}
			}
			if perKey := float64(steps) / float64(tab.used); perKey > 2 { // 1.5 at 3/4 full is what chance gives
				t.Errorf("%q in %d partitions: a key lies %.1f slots from its place", form, partitions, perKey)
			}
		}
	}
}

func TestWordsKeepKeysApart(t *testing.T) {
	seen := map[word]string{}
	for _, base := range []string{"", "a", "ab", "\x00", "abcdefgh", "abcdefghijklmno"} {
		for zeros := 0; len(base)+zeros <= inWord; zeros++ {
			key := base + strings.Repeat("\x00", zeros)
			room := append(append(make([]byte, 0, 64), key...), "what lies behind it"...)
			tight, roomy := wordOf([]byte(key)[:len(key):len(key)]), wordOf(room[:len(key)])
			if other, ok := seen[tight]; tight != roomy || ok && other != key {
				t.Errorf("%q is %x, with room %x; %q too", key, tight, roomy, other)
			}
			seen[tight] = key
			var tab table
			s, _ := tab.enter([]byte(key), tight.hash())
			if got := string(tab.key(nil, s)); got != key {
				t.Errorf("%q comes back %q", key, got)
			}
		}
	}
}
