package flow

import (
	"encoding/binary"
	"math/bits"
)

// A word is a key as the tables hold it. Up to 15 bytes lie in it, zero-padded, lo first; hi's top byte is their number
// plus one. Of a longer key, lo is the hash, hi's top byte is long, and the rest of hi says where its bytes are. A word
// with hi == 0 is no key.
type word struct{ lo, hi uint64 }

const (
	inWord = 15   // bytes that fit a word
	long   = 0xFF // the top byte of a word whose key does not
	tagAt  = 56   // where the top byte begins
)

// lows and highs keep the first n bytes of 16, as two numbers.
var lows, highs = func() (lo, hi [16]uint64) {
	for n := range 16 {
		if lo[n] = 1<<(8*n) - 1; n >= 8 {
			lo[n] = 1<<64 - 1
			hi[n] = 1<<(8*(n-8)) - 1
		}
	}
	return lo, hi
}()

// wordOf returns the word of a key of at most 15 bytes. It reads what lies behind the key in its memory, up to cap,
// because 16 bytes at once are read faster than any smaller number.
func wordOf(key []byte) word {
	n := len(key) & 15
	if cap(key) < 16 {
		var room [16]byte
		copy(room[:], key)
		key = room[:]
	}
	b := key[:16]
	return word{
		binary.LittleEndian.Uint64(b) & lows[n],
		binary.LittleEndian.Uint64(b[8:])&highs[n] | uint64(n+1)<<tagAt,
	}
}

// Arbitrary odd numbers with about as many ones as zeros.
const (
	salt1 = 0xA24BAED4963EE407
	salt2 = 0x9FB21C651E98DF25
	salt3 = 0xD6E8FEB86659FD93
)

// hash returns the hash of a key that fits a word. It decides who owns the key, so it must never change: workers of
// different builds would disagree. Partitions take its upper half and tables its lower, so that the keys of one
// partition are still spread over the whole of its table.
func (w word) hash() uint64 {
	hi, lo := bits.Mul64(w.lo^salt1, w.hi^salt2)
	return hi ^ lo
}

// hashLong returns the hash of a key that does not fit a word. Like hash, it must never change.
func hashLong(key []byte) uint64 {
	h := uint64(len(key)) * salt3
	for len(key) > 16 {
		hi, lo := bits.Mul64(binary.LittleEndian.Uint64(key)^salt1^h, binary.LittleEndian.Uint64(key[8:])^salt2)
		h = hi ^ lo
		key = key[16:]
	}
	var last [16]byte
	copy(last[:], key)
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(last[:])^salt3^h, binary.LittleEndian.Uint64(last[8:])^salt1)
	return hi ^ lo
}

// hashOf returns the hash of any key.
func hashOf(key []byte) uint64 {
	if len(key) > inWord {
		return hashLong(key)
	}
	return wordOf(key).hash()
}

// partitionOf returns which of n partitions owns the keys of that hash.
func partitionOf(hash uint64, n int) int { return int(hash >> 32 * uint64(n) >> 32) }
