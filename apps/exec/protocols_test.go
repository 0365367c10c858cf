package exec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"flashmob/flow"
)

// Whatever a program gives in place of frames, in blocks of any size: an error, or the text of the frame, and never more than that.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0, 0, 0, 3, 'R', 'a', '\n', 'x'}, uint8(1))
	f.Add([]byte{0, 0, 0, 0, 'R'}, uint8(2))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 'R'}, uint8(5))
	f.Add([]byte{0, 0, 0, 4, 'E', 'b', 'a', 'd'}, uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		p, o := framed{flow.Lines}.parser(), new(order)
		left, done := data, false
		var err error
		for len(left) > 0 && !done && err == nil {
			var n int
			block := left[:min(len(left), int(size)+1)]
			if n, done, err = p.take(block, o); err == nil && (n < 0 || n > len(block) || n == 0) {
				t.Fatalf("took %d of %d bytes", n, len(block))
			}
			left = left[n:]
		}
		var failure *flow.Failure
		switch {
		case errors.As(err, &failure) || err == nil && done:
			length := int(binary.BigEndian.Uint32(data)) - 1
			if want := data[frameHead : frameHead+length]; !bytes.Equal(o.output, want) {
				t.Errorf("%q, want %q", o.output, want)
			}
		case err == nil && len(o.output) > len(data):
			t.Errorf("%d bytes of %d", len(o.output), len(data))
		case err != nil && !errors.Is(err, errNoFrame):
			t.Error(err)
		}
	})
}
