package main

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"flashmob/bench"
)

// results is the table that every contender must come to.
type results struct {
	sum  [sha256.Size]byte // of the table, amounts without trailing zeros
	rows []row             // nil until the first contender has made it
}

type row struct{ key, amount string }

// check compares a contender's table with the reference, or makes it that.
func (r *results) check(c *contender) error {
	rows, sum, err := readTable(c.output)
	if err != nil {
		return err
	}
	if r.rows == nil {
		r.rows, r.sum = rows, sum
	}
	switch {
	case sum == r.sum, c.floats && near(rows, r.rows):
		if c.Output != bench.Wrong {
			c.Output = bench.Same
		}
	default:
		c.Output = bench.Wrong
	}
	return nil
}

// readTable reads a table of CSV, compressed or not.
func readTable(path string) (rows []row, sum [sha256.Size]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, sum, err
	}
	defer file.Close()
	var plain io.Reader = bufio.NewReaderSize(file, 1<<20)
	if strings.HasSuffix(path, ".gz") {
		if plain, err = gzip.NewReader(plain); err != nil {
			return nil, sum, fmt.Errorf("read %s: %w", path, err)
		}
	}
	h := sha256.New()
	lines := bufio.NewScanner(plain)
	for lines.Scan() {
		key, amount, ok := strings.Cut(lines.Text(), ",")
		if !ok {
			return nil, sum, fmt.Errorf("read %s: line %d has no comma", path, len(rows)+1)
		}
		if strings.Contains(amount, ".") {
			amount = strings.TrimSuffix(strings.TrimRight(amount, "0"), ".")
		}
		rows = append(rows, row{key, amount})
		fmt.Fprintf(h, "%s,%s\n", key, amount)
	}
	if err := lines.Err(); err != nil {
		return nil, sum, fmt.Errorf("read %s: %w", path, err)
	}
	return rows, [sha256.Size]byte(h.Sum(nil)), nil
}

// near reports whether two tables have the same keys, and amounts that differ by no more than a billionth.
func near(a, b []row) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].key != b[i].key {
			return false
		}
		x, err1 := strconv.ParseFloat(a[i].amount, 64)
		y, err2 := strconv.ParseFloat(b[i].amount, 64)
		if i > 0 && (err1 != nil || err2 != nil || math.Abs(x-y) > 1e-9*math.Abs(y)) { // the first is the title
			return false
		}
	}
	return true
}
