// Package latency keeps how long things took, so that percentiles are right to 1 % and those of several workers can be
// put together: their histograms are added up, value by value; a percentile is never made of percentiles.
//
// It is a thin coat over HdrHistogram: durations from 100 ns to 48 hours, two significant digits, safe for concurrent use,
// and a form to send that is as long as there are different values in it.
package latency

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	least  = 100 // ns
	most   = int64(48 * time.Hour)
	digits = 2 // significant: right to 1 %
)

// Histogram counts durations. Make one with New; all methods may be called concurrently.
type Histogram struct {
	mu  sync.Mutex
	hdr *hdrhistogram.Histogram
	sum time.Duration
}

// New returns a histogram without a single duration in it.
func New() *Histogram { return &Histogram{hdr: hdrhistogram.New(least, most, digits)} }

// Observe counts a duration. One that is too long to be told apart counts as the longest that can.
func (h *Histogram) Observe(took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.hdr.RecordValue(min(max(int64(took), 0), most)) // the bounds are kept
	h.sum += took
}

// Add counts everything that the others have counted. None of them may be h.
func (h *Histogram) Add(others ...*Histogram) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.hdr.Export()
	for _, other := range others {
		other.mu.Lock()
		more := other.hdr.Export()
		h.sum += other.sum
		other.mu.Unlock()
		for i, n := range more.Counts { // the library's own Merge takes ten times as long; all have the same bounds
			all.Counts[i] += n
		}
	}
	h.hdr = hdrhistogram.Import(all)
}

// Count returns how many durations there are.
func (h *Histogram) Count() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hdr.TotalCount()
}

// Sum returns the sum of all durations.
func (h *Histogram) Sum() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sum
}

// At returns the duration that so many percent of all are not longer than; 0 where there are none.
func (h *Histogram) At(percentile float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(h.hdr.ValueAtQuantile(percentile))
}

// Longest returns the longest duration.
func (h *Histogram) Longest() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(h.hdr.ValueAtQuantile(100)) // Max says the same, more slowly
}

// Below returns for each of the bounds, which ascend, how many durations are not longer, to 1 %.
func (h *Histogram) Below(bounds []time.Duration) []int64 {
	h.mu.Lock()
	bars := h.hdr.Distribution()
	h.mu.Unlock()
	below := make([]int64, len(bounds))
	for _, bar := range bars {
		for i := len(bounds) - 1; i >= 0 && bar.Count > 0 && int64(bounds[i]) >= bar.To; i-- {
			below[i] += bar.Count
		}
	}
	return below
}

// ErrTorn says that a text is no histogram.
var ErrTorn = errors.New("it is cut off, or no histogram")

// MarshalBinary returns the histogram in the form to send: the sum, then every count that is not 0, each behind the number of
// zeros before it.
func (h *Histogram) MarshalBinary() ([]byte, error) {
	h.mu.Lock()
	snapshot, sum := h.hdr.Export(), h.sum
	h.mu.Unlock()
	text := binary.AppendVarint(nil, int64(sum))
	zeros := uint64(0)
	for _, n := range snapshot.Counts {
		if n == 0 {
			zeros++
			continue
		}
		text = binary.AppendUvarint(binary.AppendUvarint(text, zeros), uint64(n))
		zeros = 0
	}
	return text, nil
}

// UnmarshalBinary makes h what MarshalBinary was called on. It returns ErrTorn where text is not what that returned.
func (h *Histogram) UnmarshalBinary(text []byte) error {
	sum, n := binary.Varint(text)
	if n <= 0 {
		return fmt.Errorf("read latencies: %w", ErrTorn)
	}
	snapshot := hdrhistogram.New(least, most, digits).Export()
	for at := -1; ; {
		text = text[n:]
		if len(text) == 0 {
			break
		}
		zeros, used := binary.Uvarint(text)
		if used <= 0 || zeros >= uint64(len(snapshot.Counts)-at-1) {
			return fmt.Errorf("read latencies: %w", ErrTorn)
		}
		count, more := binary.Uvarint(text[used:])
		if more <= 0 || count == 0 || count > 1<<62 {
			return fmt.Errorf("read latencies: %w", ErrTorn)
		}
		at += int(zeros) + 1
		snapshot.Counts[at] = int64(count)
		n = used + more
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hdr, h.sum = hdrhistogram.Import(snapshot), time.Duration(sum)
	return nil
}
