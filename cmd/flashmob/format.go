package main

import (
	"fmt"
	"time"

	"flashmob/bench"
)

// groups writes a count with spaces between thousands: 1 000 000.
func groups(n int64) string { return bench.Grouped(n) }

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
func took(d time.Duration) string { return bench.Brief(d) }
