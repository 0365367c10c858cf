package flow_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"flashmob/flow"
)

func framed(payloads ...string) []byte {
	var b []byte
	for _, p := range payloads {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	return b
}

// echo makes a line of every record.
func echo() *flow.Flow {
	return flow.New("echo", flow.Frames).Map("echo", func(record []byte, emit *flow.Emit) { emit.Record(record) })
}

func TestFramesBecomeLines(t *testing.T) {
	var out bytes.Buffer
	tally, rejects, err := echo().Apply(bytes.NewReader(framed("one", "two", "a longer\none", "x")), &out, 0)
	if err != nil || len(rejects) > 0 || tally.In != 4 || tally.Out != 4 || out.String() != "one\ntwo\na longer\none\nx\n" {
		t.Errorf("%q, %+v, %v, %v", out.String(), tally, rejects, err)
	}
}

func TestFramesThatAreNoRecordsAreRejected(t *testing.T) {
	tests := []struct {
		name   string
		input  []byte
		reason string
		line   int64
		offset int64
	}{
		{"empty", framed("a", "", "b"), "empty frame", 1, 5},
		{"too long", framed("a", strings.Repeat("x", 100), "b"), "longer than 50 bytes", 1, 5},
		{"cut short in the payload", append(framed("a", "b"), 0, 0, 0, 9, 'x'), "cut short: 1 bytes of a frame of 9", 2, 10},
		{"cut short before the payload", append(framed("a", "b"), 0, 0, 0, 9), "cut short: 0 bytes of a frame of 9", 2, 10},
		{"cut short in the length", append(framed("a", "b"), 0, 0), "cut short: 2 bytes of a frame's length", 2, 10},
		{"a length that cannot be", append(framed("a", "b"), 255, 255, 255, 255, 'x'), "cut short: 1 bytes of a frame of 4294967295", 2, 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			tally, rejects, err := echo().Apply(bytes.NewReader(test.input), &out, 50)
			if err != nil || out.String() != "a\nb\n" || tally.In != 3 || tally.Out != 2 || tally.Rejected != 1 || len(rejects) != 1 {
				t.Fatalf("%q, %+v, %v, %v", out.String(), tally, rejects, err)
			}
			if r := rejects[0]; r.Reason != test.reason || r.Line != test.line || r.Offset != test.offset {
				t.Errorf("%+v, want line %d, offset %d, %q", r, test.line, test.offset, test.reason)
			}
		})
	}
}

// However the bytes arrive, frames end where they end.
func TestFramesAreFoundInBlocksOfAnySize(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var input []byte
	var ends []int
	for range 500 {
		input = append(input, framed(strings.Repeat("y", random.IntN(20)))...)
		ends = append(ends, len(input))
	}
	for range 50 {
		cutter, all := flow.Frames.Cutter(), flow.Frames.Cutter()
		var found []int
		last, at := 0, 0
		for at < len(input) {
			n := min(1+random.IntN(40), len(input)-at)
			if end := all.Last(input[at : at+n]); end > 0 {
				last = at + end
				if !slices.Contains(ends, last) {
					t.Fatalf("a frame is said to end at %d", last)
				}
			}
			for from := at; from < at+n; {
				end, ok := cutter.Next(input[from : at+n])
				if from += end; ok {
					found = append(found, from)
				}
			}
			at += n
		}
		if !slices.Equal(found, ends) || last != len(input) {
			t.Fatalf("frames end at %v and %d, want %v", found, last, ends)
		}
	}
}
