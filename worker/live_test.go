package worker

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"flashmob/flow"
)

// drip gives a frame of nine bytes every so often, and says that there soon is more while there is.
type drip struct {
	every time.Duration
	left  int
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	d.left--
	time.Sleep(d.every)
	return copy(p, "\x00\x00\x00\x05vote!"), nil
}

// A source that never pauses for long fills no batch before its records are handed on, whatever fits into one.
func TestRecordsOfASteadySourceDoNotWait(t *testing.T) {
	for _, test := range []struct {
		every   time.Duration
		atLeast int
	}{{time.Millisecond, 15}, {50 * time.Microsecond, 1}, {0, 1}} {
		synctest.Test(t, func(t *testing.T) {
			const frames = 100
			s := &slicer{cutter: flow.Frames.Cutter(), maxRecord: 1 << 20, source: &drip{test.every, frames}, soon: func() bool { return true }}
			count, length := 0, int64(0)
			for begun := time.Now(); ; begun = time.Now() {
				got, err := s.next(1<<20, 0)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(begun); waited > streamMost+2*test.every {
					t.Errorf("every %v: a slice takes %v", test.every, waited)
				}
				count, length = count+1, length+got.length
			}
			if count < test.atLeast || length != 9*frames || test.every == 0 && count > 1 {
				t.Errorf("every %v: %d slices of %d bytes", test.every, count, length)
			}
		})
	}
}
