package wordcount

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"

	"flashmob/flow"
)

// Name is what the application is called on the command line and in manifests.
const Name = "wordcount"

// Settings are the application's knobs: it has none.
type Settings struct{}

// Flow returns the application.
func Flow(Settings) (*flow.Flow, error) {
	return flow.New(Name, flow.Text).Count("count", split).Titled("word", "count").Top(10), nil
}

// split counts the words of text. It finds the edges of runs of letters a block at a time.
func split(text []byte, add *flow.Counter) {
	var (
		edges [8 * block]uint32 // of the runs that are still to be counted: where one begins, where it ends
		n     int
		open  uint64 // 1 in a run
		wide  bool   // which may have bytes beyond ASCII
		word  []byte
	)
	for at := 0; at < len(text); at += block {
		letters, beyond := blockOf(text[at:])
		turns := letters ^ (letters<<1 | open)
		open = letters >> (block - 1)
		wide = wide || beyond != 0
		if wide || n > len(edges)-block {
			whole := n &^ 1
			add.CountWords(text, edges[:whole])
			n = copy(edges[:], edges[whole:n])
		}
		for ; turns != 0; turns &= turns - 1 {
			edges[n&(len(edges)-1)] = uint32(at + bits.TrailingZeros64(turns))
			n++
		}
		if wide {
			for i := 0; i+1 < n; i += 2 {
				word = runes(text[edges[i]:edges[i+1]], word, add)
			}
			n = copy(edges[:], edges[n&^1:n])
			wide = n > 0
		}
	}
	add.CountWords(text, edges[:n&^1])
	if open != 0 {
		runes(text[edges[n-1]:], word, add)
	}
}

const (
	low   = 0x0101010101010101
	high  = 0x80 * low
	block = 64 // bytes whose bits make one number
)

// blockOf returns which bytes of the first block of text are ASCII letters or beyond ASCII, and which are beyond ASCII, a
// bit for each.
func blockOf(text []byte) (letters, beyond uint64) {
	if len(text) >= block {
		return classes((*[block]byte)(text))
	}
	var rest [block]byte
	copy(rest[:], text)
	return classes(&rest)
}

// classes is blockOf for a whole block, eight bytes at a time.
func classes(b *[block]byte) (letters, beyond uint64) {
	for i := 0; i < block; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		y := (x | 0x20*low) &^ high
		// Of each byte the top bit: is it 'a' or above, and is it above 'z'? No byte carries into the next.
		inside := (y + (0x80-'a')*low) &^ (y + (0x80-'z'-1)*low) & high
		letters |= gather(inside&^x|x&high) << i
		if x&high != 0 {
			beyond |= gather(x&high) << i
		}
	}
	return letters, beyond
}

// gather moves the top bits of eight bytes into the lowest eight bits.
func gather(tops uint64) uint64 { return tops >> 7 * 0x0102040810204080 >> 56 }

// runes counts the words in a run of ASCII letters and bytes beyond ASCII. It makes them in word, and returns that for the
// next run.
func runes(text, word []byte, add *flow.Counter) []byte {
	word = word[:0]
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if unicode.IsLetter(r) { // which the rune that stands for invalid bytes is not
			word = utf8.AppendRune(word, unicode.ToLower(r))
			continue
		}
		if len(word) > 0 {
			add.Count(word)
			word = word[:0]
		}
	}
	if len(word) > 0 {
		add.Count(word)
	}
	return word
}
