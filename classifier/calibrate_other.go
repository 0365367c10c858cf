//go:build !linux

package classifier

import (
	"time"

	"flashmob/flow"
)

// slowed returns score made to take at least cost, on the wall clock: the thread's own is not to be had here.
func slowed(score flow.ColumnFunc, cost time.Duration) flow.ColumnFunc {
	return func(dst, record []byte) ([]byte, error) {
		until := time.Now().Add(cost)
		out, err := score(dst, record)
		for time.Now().Before(until) {
			burn()
		}
		return out, err
	}
}
