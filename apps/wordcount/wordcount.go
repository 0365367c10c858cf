package wordcount

import (
	"encoding/binary"
	"math/bits"
	"sync"
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

// A stretch is text in the form in which words are found fast. It is used again and again.
type stretch struct {
	lower   []byte   // the text with ASCII letters in lower case, and room to read 16 bytes from anywhere in it
	letters []uint64 // a bit a byte: it is an ASCII letter, or beyond ASCII
	beyond  []uint64 // a bit a byte: it is beyond ASCII
	word    []byte   // of runes beyond ASCII
}

var stretches = sync.Pool{New: func() any { return new(stretch) }}

// split counts the words of text.
func split(text []byte, add *flow.Counter) {
	s := stretches.Get().(*stretch)
	s.prepare(text)
	s.each(text, add)
	stretches.Put(s)
}

const (
	low   = 0x0101010101010101
	high  = 0x80 * low
	block = 64 // bytes whose bits make one number
)

// prepare fills in lower, letters and beyond, eight bytes at a time.
func (s *stretch) prepare(text []byte) {
	blocks := (len(text) + block - 1) / block
	if cap(s.lower) < blocks*block+16 {
		s.lower = make([]byte, blocks*block+16)
		s.letters, s.beyond = make([]uint64, blocks), make([]uint64, blocks)
	}
	s.lower, s.letters, s.beyond = s.lower[:blocks*block+16], s.letters[:blocks], s.beyond[:blocks]
	whole := len(text) / block
	for i := range whole {
		s.letters[i], s.beyond[i] = fold((*[block]byte)(s.lower[i*block:]), (*[block]byte)(text[i*block:]))
	}
	if whole < blocks {
		var rest [block]byte
		copy(rest[:], text[whole*block:])
		s.letters[whole], s.beyond[whole] = fold((*[block]byte)(s.lower[whole*block:]), &rest)
	}
}

// fold lower-cases a block's ASCII letters into dst, and returns which bytes are letters or beyond ASCII, and which are
// beyond ASCII.
func fold(dst, src *[block]byte) (letters, beyond uint64) {
	for i := 0; i < block; i += 8 {
		x := binary.LittleEndian.Uint64(src[i:])
		y := x | 0x20*low
		binary.LittleEndian.PutUint64(dst[i:], y)
		y &^= high
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

// each counts every run of letters; those with bytes beyond ASCII are looked at rune by rune.
func (s *stretch) each(text []byte, add *flow.Counter) {
	begin, inside := 0, uint64(0) // inside is 1 in a run, which began at begin
	for i, letters := range s.letters {
		edges := letters ^ (letters<<1 | inside)
		inside = letters >> 63
		for ; edges != 0; edges &= edges - 1 {
			at := i*block + bits.TrailingZeros64(edges)
			if letters>>(at&63)&1 != 0 {
				begin = at
				continue
			}
			s.run(text, begin, at, add)
		}
	}
	if inside != 0 {
		s.run(text, begin, len(text), add)
	}
}

// run counts the run of letters [begin, end).
func (s *stretch) run(text []byte, begin, end int, add *flow.Counter) {
	for i := begin / block; i <= (end-1)/block; i++ {
		if s.beyond[i] != 0 {
			s.runes(text[begin:end], add)
			return
		}
	}
	add.Count(s.lower[begin:end])
}

// runes counts the words in a run of ASCII letters and bytes beyond ASCII.
func (s *stretch) runes(text []byte, add *flow.Counter) {
	s.word = s.word[:0]
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if unicode.IsLetter(r) { // which the rune that stands for invalid bytes is not
			s.word = utf8.AppendRune(s.word, unicode.ToLower(r))
			continue
		}
		if len(s.word) > 0 {
			add.Count(s.word)
			s.word = s.word[:0]
		}
	}
	if len(s.word) > 0 {
		add.Count(s.word)
	}
}
