package main

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"flashmob/bench"
)

// results is the table that every contender must come to. It lies in a file: what this process needs of memory, the kernel
// counts among the contenders' peaks.
type results struct {
	path string // of the reference; empty until the first contender has made it
	sum  [sha256.Size]byte
}

// check compares a contender's table with the reference, or makes it that.
func (r *results) check(c *contender) error {
	sum, err := sumTable(c.output)
	if err != nil {
		return err
	}
	if r.path == "" {
		r.path, r.sum = filepath.Dir(c.output)+"-reference.csv"+suffix(c.output), sum
		if err := os.RemoveAll(r.path); err != nil { // of a benchmark before, in the same folder
			return err
		}
		if err := os.Link(c.output, r.path); err != nil {
			return err
		}
	}
	same := sum == r.sum
	if !same && c.floats {
		if same, err = near(c.output, r.path); err != nil {
			return err
		}
	}
	switch {
	case !same:
		c.Output = bench.Wrong
	case c.Output != bench.Wrong:
		c.Output = bench.Same
	}
	return nil
}

func suffix(path string) string {
	if strings.HasSuffix(path, ".gz") {
		return ".gz"
	}
	return ""
}

// table reads a table of CSV with two columns, compressed or not, line by line.
type table struct {
	*bufio.Scanner
	file *os.File
}

func openTable(path string) (*table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var plain io.Reader = bufio.NewReaderSize(file, 1<<20)
	if suffix(path) != "" {
		if plain, err = gzip.NewReader(plain); err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
		}
	}
	return &table{bufio.NewScanner(plain), file}, nil
}

// row returns the line that was read last; an amount has no trailing zeros.
func (t *table) row() (key, amount string) {
	key, amount, _ = strings.Cut(t.Text(), ",")
	if strings.Contains(amount, ".") {
		amount = strings.TrimSuffix(strings.TrimRight(amount, "0"), ".")
	}
	return key, amount
}

// sumTable returns the hash of a whole table.
func sumTable(path string) (sum [sha256.Size]byte, err error) {
	t, err := openTable(path)
	if err != nil {
		return sum, err
	}
	defer t.file.Close()
	h := sha256.New()
	for t.Scan() {
		key, amount := t.row()
		fmt.Fprintf(h, "%s,%s\n", key, amount)
	}
	if err := t.Err(); err != nil {
		return sum, fmt.Errorf("read %s: %w", path, err)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// near reports whether two tables have the same title and keys, and amounts that differ by no more than a billionth.
func near(one, other string) (bool, error) {
	a, err := openTable(one)
	if err != nil {
		return false, err
	}
	defer a.file.Close()
	b, err := openTable(other)
	if err != nil {
		return false, err
	}
	defer b.file.Close()
	for title := true; ; title = false {
		more, too := a.Scan(), b.Scan()
		if err := errors.Join(a.Err(), b.Err()); err != nil || more != too {
			return false, err
		}
		if !more {
			return true, nil
		}
		key, amount := a.row()
		wantKey, want := b.row()
		x, err1 := strconv.ParseFloat(amount, 64)
		y, err2 := strconv.ParseFloat(want, 64)
		close := err1 == nil && err2 == nil && math.Abs(x-y) <= 1e-9*math.Abs(y)
		if key != wantKey || amount != want && (title || !close) {
			return false, nil
		}
	}
}
