package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// dollars is an amount of money, written 2usd, $2 or 2.
type dollars float64

// Set implements pflag.Value.
func (d *dollars) Set(text string) error {
	number := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "$")
	number = strings.TrimSpace(strings.TrimSuffix(number, "usd"))
	amount, err := strconv.ParseFloat(number, 64)
	if err != nil || !(amount > 0 && amount <= 1e9) { // that is no number either
		return fmt.Errorf("%q is no amount of dollars", text)
	}
	*d = dollars(amount)
	return nil
}

// String implements pflag.Value.
func (d dollars) String() string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(d), 'g', -1, 64) + "usd"
}

// Type implements pflag.Value.
func (dollars) Type() string { return "dollars" }

// mostRows is how many rows can be asked for: with more, figures would not fit their types.
const mostRows = 1e15

// rowCounts reads counts of rows: 10000, 10k, 1.5M, 10G.
func rowCounts(texts []string) ([]int64, error) {
	var counts []int64
	for _, text := range texts {
		number, unit := strings.TrimSpace(text), 1.
		for suffix, factor := range map[string]float64{"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9} {
			if rest, ok := strings.CutSuffix(number, suffix); ok {
				number, unit = rest, factor
				break
			}
		}
		n, err := strconv.ParseFloat(number, 64)
		count := math.Round(n * unit)
		if err != nil || !(count >= 1 && count <= mostRows) || math.Abs(n*unit-count) > 1e-9*count {
			return nil, usagef("rows %q: must be counts of 1 or more, such as 10000, 10k or 1M", text)
		}
		counts = append(counts, int64(count))
	}
	return counts, nil
}
