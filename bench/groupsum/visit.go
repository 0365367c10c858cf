package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	commas = ones * ','
)

// visit adds one row to the tables.
func visit(row []byte, tables []table) error {
	if len(row) < 16 {
		return fmt.Errorf("not a visit: %q", row)
	}
	// The address has 7 to 15 bytes: the first comma is in the first 16.
	word := binary.LittleEndian.Uint64(row)
	x := word ^ commas
	found := (x - ones) &^ x & highs
	n := 8
	if found != 0 {
		n = bits.TrailingZeros64(found) / 8
	}
	key := bits.ReverseBytes64(word)
	if n < 8 {
		key &= ^uint64(0) << (64 - 8*n)
	}
	at := n
	for range 3 {
		next := bytes.IndexByte(row[at:], ',')
		if next < 0 {
			return fmt.Errorf("not a visit: %q", row)
		}
		at += next + 1
	}
	end := bytes.IndexByte(row[at:], ',')
	if end < 0 {
		return fmt.Errorf("not a visit: %q", row)
	}
	amount, ok := parse(row[at : at+end])
	if !ok {
		return fmt.Errorf("not a revenue: %q", row[at:at+end])
	}
	hash := key * 0x9E3779B97F4A7C15
	high, _ := bits.Mul64(hash, uint64(len(tables)))
	tables[high].add(key, hash, 0, amount)
	return nil
}

var powers = func() (p [19]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// parse reads an amount below 10 as a whole number of 10^-18.
func parse(text []byte) (uint64, bool) {
	if len(text) < 3 || len(text) > 19 || text[1] != '.' {
		return 0, false
	}
	n := uint64(text[0] - '0')
	for _, b := range text[2:] {
		digit := b - '0'
		if digit > 9 {
			return parseExponent(string(text))
		}
		n = n*10 + uint64(digit)
	}
	return n * powers[20-len(text)], true
}

// parseExponent is parse for the few that are written as d.dddE-n.
func parseExponent(text string) (uint64, bool) {
	mantissa, exponent, _ := strings.Cut(text, "E-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits, err1 := strconv.ParseUint(whole+fraction, 10, 64)
	shift, err2 := strconv.Atoi(exponent)
	places := 18 - shift - len(fraction)
	if err1 != nil || err2 != nil || places < 0 {
		return 0, false
	}
	return digits * powers[places], true
}
