package main

import (
	"errors"
	"io"
	"os"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

// maxShort is how many bytes of a word fit two numbers.
const maxShort = 16

// What a byte is: a separator, not ASCII, or else the lower-case letter.
const (
	separator = 0
	wide      = 1
)

var kinds = func() (k [256]byte) {
	for b := range k {
		switch {
		case b >= utf8.RuneSelf:
			k[b] = wide
		case unicode.IsLetter(rune(b)):
			k[b] = byte(unicode.ToLower(rune(b)))
		}
	}
	return k
}()

// words counts the words of text, which neither begins nor ends within one.
func (t *table) words(text []byte) {
	for i := 0; i < len(text); {
		var word [maxShort]byte
		n := 0
		for i < len(text) && n < maxShort && kinds[text[i]] > wide {
			word[n] = kinds[text[i]]
			n++
			i++
		}
		switch {
		case i < len(text) && kinds[text[i]] != separator: // a long word, or one with letters beyond ASCII
			i = t.rest(text, i, word[:n])
		case n > 0:
			t.add(&word, n, 1)
			i++
		default:
			i++
		}
	}
}

// rest counts the word that begins with begun and goes on at i, if it does, and returns where it ends.
func (t *table) rest(text []byte, i int, begun []byte) int {
	word := append(make([]byte, 0, 64), begun...)
	for i < len(text) {
		r, size := utf8.DecodeRune(text[i:])
		if !unicode.IsLetter(r) {
			if len(word) == 0 {
				i += size
			}
			break
		}
		word = utf8.AppendRune(word, unicode.ToLower(r))
		i += size
	}
	switch {
	case len(word) == 0:
	case len(word) > maxShort:
		t.long[string(word)]++
	default:
		t.add((*[maxShort]byte)(append(word, make([]byte, maxShort)...)), len(word), 1)
	}
	return i
}

// block is how much is read at a time: it fits a core's cache.
const block = 256 << 10

// stretch counts the words of the lines that begin in [from, to).
func (t *table) stretch(file io.ReaderAt, from, to int64) error {
	buf := make([]byte, 0, 2*block)
	skip := from > 0
	if skip {
		from-- // a line that begins at from is found behind the end of the one before
	}
	for at := from; at < to; {
		if cap(buf)-len(buf) < block {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := file.ReadAt(buf[len(buf):len(buf)+block], at+int64(len(buf)))
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return err
		}
		buf = buf[:len(buf)+n]
		begin, end := 0, len(buf)
		if skip {
			for begin < len(buf) && buf[begin] != '\n' {
				begin++
			}
			skip = begin == len(buf) && !last
		}
		if at+int64(end) >= to { // up to the end of the line that begins last before to
			end = begin
			for end < len(buf) && (buf[end] != '\n' || at+int64(end)+1 < to) {
				end++
			}
			if end == len(buf) && !last {
				end = begin
				for i := len(buf) - 1; i > begin; i-- {
					if buf[i] == '\n' && at+int64(i)+1 < to {
						end = i
						break
					}
				}
			} else {
				t.words(buf[begin:end])
				return nil
			}
		} else if !last {
			for end > begin && buf[end-1] != '\n' {
				end--
			}
		}
		t.words(buf[begin:end])
		at += int64(end)
		buf = buf[:copy(buf, buf[end:])]
		if last {
			return nil
		}
	}
	return nil
}

// count counts a file's words.
func count(input, output string, workers int) error {
	file, err := os.Open(input)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	tables := make([]*table, workers)
	var counting errgroup.Group
	for w := range workers {
		counting.Go(func() error {
			tables[w] = newTable()
			return tables[w].stretch(file, info.Size()*int64(w)/int64(workers), info.Size()*int64(w+1)/int64(workers))
		})
	}
	if err := counting.Wait(); err != nil {
		return err
	}
	for _, t := range tables[1:] {
		tables[0].merge(t)
	}
	return write(output, tables[0])
}
