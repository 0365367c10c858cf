package bench

import (
	"fmt"
	"strconv"
	"time"
)

// Brief writes a duration to three digits or so: 0.84 s, 12.3 s, 4m05s, 1h02m.
func Brief(d time.Duration) string {
	switch { // each by what it is once rounded: 59.96 s is 1m00s
	case d.Round(10*time.Millisecond) < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d.Round(100*time.Millisecond) < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d.Round(time.Second) < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// Seconds is Brief of a number of seconds, and of more of them than a duration holds.
func Seconds(s float64) string {
	const long = 1e9 // a third of a century
	if s > long {
		return Grouped(int64(s/time.Hour.Seconds())) + "h"
	}
	return Brief(time.Duration(s * float64(time.Second)))
}

// Grouped writes a count with spaces between thousands: 1 000 000.
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// Money writes dollars to the cent, to three digits below a dollar, and without cents from a thousand on.
func Money(dollars float64) string {
	switch {
	case dollars >= 999.995:
		return "$" + Grouped(int64(dollars+0.5))
	case dollars >= 0.995:
		return fmt.Sprintf("$%.2f", dollars)
	case dollars >= 0.0995:
		return fmt.Sprintf("$%.3f", dollars)
	case dollars > 0:
		return fmt.Sprintf("$%.4f", dollars)
	}
	return "$0"
}
