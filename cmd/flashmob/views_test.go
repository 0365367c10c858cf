package main

import (
	"testing"
	"time"

	"flashmob/dashboard"
)

func TestDescribeLeavesOutWhatIsNotKnown(t *testing.T) {
	for want, p := range map[string]dashboard.Progress{
		"0 rows": {Left: -1},
		"1 200 rows, 600 rows/s, 78.0 kB/s, 2.00 s left, 3 rejected": {Records: 1200, RowsPerS: 600, BytesPerS: 78e3, Left: 2 * time.Second, Rejected: 3},
	} {
		if got := describe(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
