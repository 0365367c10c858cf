package dashboard

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// How figures are written, on the page, in the report and in the terminal: at most three digits that say something, the unit
// beside them, a space between thousands.

// unknown is written where a figure is not known.
const unknown = "–"

// scaled writes a value with a prefix of the unit's: 12.3 M, 456 k, 7.8.
func scaled(v float64) (number, prefix string) {
	for _, step := range []struct {
		from   float64
		prefix string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= 0.9995*step.from {
			return digits(v / step.from), step.prefix
		}
	}
	return digits(v), ""
}

// digits writes a value below a thousand to three digits, without zeros at the end.
func digits(v float64) string {
	switch size := math.Abs(v); {
	case size >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 9.995:
		return trimmed(strconv.FormatFloat(v, 'f', 1, 64))
	}
	return trimmed(strconv.FormatFloat(v, 'f', 2, 64))
}

func trimmed(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

// Rate writes so many things a second.
func Rate(v float64, unit string) string {
	number, prefix := scaled(v)
	return number + " " + prefix + unit + "/s"
}

// RowRate writes a rate of rows, in which a prefix would read oddly: 12.3k rows/s.
func RowRate(v float64) string {
	number, prefix := scaled(v)
	return number + prefix + " rows/s"
}

// Bytes writes a number of bytes.
func Bytes(n float64) string {
	number, prefix := scaled(n)
	return number + " " + prefix + "B"
}

// Count writes a whole number with spaces between thousands.
func Count(n int64) string {
	text, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		text, sign = text[1:], "-"
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u00a0" + text[i:]
	}
	return sign + text
}

// Seconds writes a stretch of time: 340 µs, 12.5 ms, 3.4 s, 4 min 5 s, 3 h 20 min.
func Seconds(s float64) string {
	switch {
	case s < 0:
		return unknown
	case s == 0:
		return "0 s"
	case s < 0.0009995:
		return digits(s*1e6) + " µs"
	case s < 0.9995:
		return digits(s*1e3) + " ms"
	case s < 59.95:
		return digits(s) + " s"
	case s < 3599.5:
		whole := int(math.Round(s))
		return fmt.Sprintf("%d min %d s", whole/60, whole%60)
	}
	minutes := int(math.Round(s / 60))
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}

// Dollars writes an amount of money.
func Dollars(d float64) string { return fmt.Sprintf("$%.2f", d) }

// Percent writes a fraction.
func Percent(f float64) string { return fmt.Sprintf("%.1f %%", 100*f) }

// clock writes a time of day, of this machine.
func clock(t time.Time) string { return t.Local().Format(time.TimeOnly) }
