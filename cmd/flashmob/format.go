package main

import (
	"fmt"
	"strconv"
	"time"
)

// groups writes a count with spaces between thousands: 1 000 000.
func groups(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// megabytes writes bytes as MB, or smaller units where that says more.
func megabytes(n int64) string {
	switch {
	case n >= 10e6:
		return groups(n/1e6) + " MB"
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// took writes a duration to three digits or so: 0.84 s, 12.3 s, 4m05s, 1h02m.
func took(d time.Duration) string {
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
