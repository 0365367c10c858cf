package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// write writes the table in order, gzip-compressed.
func write(output string, t *table) (err error) {
	type counted struct {
		word  string
		count uint64
	}
	var all []counted
	t.each(func(word string, count uint64) { all = append(all, counted{word, count}) })
	slices.SortFunc(all, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.word, b.word))
	})
	file, err := os.Create(output)
	if err != nil {
		return err
	}
	defer file.Close()
	packer, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(packer, 64<<10)
	out.WriteString("word,count\n")
	var line []byte
	for _, c := range all {
		line = append(strconv.AppendUint(append(append(line[:0], c.word...), ','), c.count, 10), '\n')
		out.Write(line) // its error stays for Flush
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := packer.Close(); err != nil {
		return err
	}
	return file.Close()
}

// mapWords counts the words of in and writes a line for each.
func mapWords(in io.Reader, to io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	t := newTable()
	t.words(text)
	out := bufio.NewWriterSize(to, 64<<10)
	t.each(func(word string, count uint64) { fmt.Fprintf(out, "%s %d\n", word, count) })
	return out.Flush()
}

// reduce adds up what mapWords wrote.
func reduce(in io.Reader, output string) error {
	t := newTable()
	lines := bufio.NewScanner(bufio.NewReaderSize(in, 1<<20))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		word, text, ok := strings.Cut(lines.Text(), " ")
		count, err := strconv.ParseUint(text, 10, 64)
		if !ok || err != nil {
			return fmt.Errorf("not a count: %q", lines.Text())
		}
		t.addWord(word, count)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return write(output, t)
}
