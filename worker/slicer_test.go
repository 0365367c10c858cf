package worker

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"flashmob/flow"
)

// slices cuts text whole and returns the slices.
func slicesOf(t *testing.T, s *slicer, target int64, rows int) []slice {
	t.Helper()
	var all []slice
	for {
		got, err := s.next(target, rows)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, got)
	}
}

func TestSlicesCoverTheInputAndEndAtRecords(t *testing.T) {
	text := wildCSV(500)[len(flow.BOM):]
	readers := map[string]func() io.Reader{
		"whole":        func() io.Reader { return bytes.NewReader(text) },
		"byte by byte": func() io.Reader { return iotest.OneByteReader(bytes.NewReader(text)) },
		"with its end": func() io.Reader { return iotest.DataErrReader(bytes.NewReader(text)) },
	}
	for name, reader := range readers {
		for _, target := range []int64{1, 100, 5000, 1 << 20} {
			for _, rows := range []int{0, 1, 10} {
				t.Run(fmt.Sprintf("%s/target=%d,rows=%d", name, target, rows), func(t *testing.T) {
					s := &slicer{source: reader(), cutter: flow.CSV.Cutter(), maxRecord: 1 << 20}
					var joined []byte
					for i, got := range slicesOf(t, s, target, rows) {
						if got.offset != int64(len(joined)) || got.length != int64(len(got.data)) {
							t.Fatalf("slice %d is [%d, +%d) of %d bytes, want it to begin at %d", i, got.offset, got.length, len(got.data), len(joined))
						}
						joined = append(joined, got.data...)
						if n := recordsIn(got.data); rows > 0 && n > rows {
							t.Fatalf("slice %d has %d records, want %d", i, n, rows)
						}
					}
					if !bytes.Equal(joined, text) {
						t.Errorf("the slices differ from the input at byte %d", difference(joined, text))
					}
				})
			}
		}
	}
}

// recordsIn counts the records of a slice that begins at a record's start.
func recordsIn(data []byte) (n int) {
	for cutter := flow.CSV.Cutter(); len(data) > 0; n++ {
		end, _ := cutter.Next(data)
		data = data[end:]
	}
	return n
}

func TestAGiantIsASliceOfItsOwnInBoundedMemory(t *testing.T) {
	const size = 64 << 20
	text := func() io.Reader {
		return io.MultiReader(strings.NewReader("1,2\n3,\""), io.LimitReader(endless('\n'), size), strings.NewReader("\"\n4,5\n"))
	}
	s := &slicer{source: text(), cutter: flow.CSV.Cutter(), maxRecord: 1 << 20}
	got := slicesOf(t, s, 1<<20, 0)
	if len(got) != 3 || got[1].giant == nil || got[0].giant != nil || got[2].giant != nil {
		t.Fatalf("got %d slices, want three of which the second is a giant", len(got))
	}
	g := got[1]
	if g.offset != 4 || g.length != size+5 || g.giant.Lines != size+1 || len(g.data) != giantHead {
		t.Errorf("the giant is [%d, +%d), %d lines, %d bytes kept", g.offset, g.length, g.giant.Lines, len(g.data))
	}
	if cap(s.kept) > 4<<20 {
		t.Errorf("the slicer keeps %d bytes", cap(s.kept))
	}
}

// endless is a reader of one byte for ever.
type endless byte

func (b endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func TestAReadErrorEndsTheSlicing(t *testing.T) {
	s := &slicer{source: iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a,b\nc,d\n"))), cutter: flow.CSV.Cutter(), maxRecord: 100}
	for {
		_, err := s.next(1, 0)
		if err == io.EOF {
			t.Fatal("the error was lost")
		}
		if err == iotest.ErrTimeout {
			return
		}
		if err != nil {
			t.Fatalf("got %v, want %v", err, iotest.ErrTimeout)
		}
	}
}

// A slicer that leaps looks at little of its input, and cuts it at records' ends all the same, giants included.
func TestLeapingSlicesCoverTheInputAndEndAtRecords(t *testing.T) {
	const limit = maxBlock
	var text bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&text, "line %d of a text that is long enough for several leaps\n", i)
		if i == 7000 || i == 15_000 {
			text.WriteString(strings.Repeat("x", 3*limit) + "\n")
		}
	}
	whole := text.Bytes()
	for _, target := range []int64{1000, 20_000, 100_000, 400_000} {
		t.Run(fmt.Sprint(target), func(t *testing.T) {
			looked := 0
			replay := func(from, to int64) io.Reader {
				return &counted{bytes.NewReader(whole[from:to]), &looked}
			}
			s := &slicer{
				source: replay(0, int64(len(whole))), replay: replay, leaps: int64(len(whole)), cutter: flow.Lines.Cutter(), maxRecord: limit,
			}
			var at int64
			giants := 0
			for i, got := range slicesOf(t, s, target, 0) {
				if got.offset != at {
					t.Fatalf("slice %d begins at %d, want %d", i, got.offset, at)
				}
				if at += got.length; whole[at-1] != '\n' {
					t.Fatalf("slice %d ends in the middle of a record", i)
				}
				lines := bytes.Split(whole[got.offset:at-1], []byte{'\n'})
				for _, line := range lines {
					if len(line) > limit && (got.giant == nil || len(lines) > 1) {
						t.Errorf("slice %d of %d records has one that is too long", i, len(lines))
					}
				}
				if got.giant != nil {
					giants++
				}
			}
			if at != int64(len(whole)) || giants != 2 {
				t.Errorf("covered %d of %d bytes with %d giants, want 2", at, len(whole), giants)
			}
			if target == 100_000 && looked > len(whole)/2+4*limit {
				t.Errorf("looked at %d of %d bytes", looked, len(whole))
			}
		})
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	n *int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	*c.n += n
	return n, err
}

// An input may end with a read of a byte or two: those are records like any other, whether looked at one by one or leapt over.
func TestAnInputThatEndsWithAFewBytesIsCutWhole(t *testing.T) {
	const target = 100_000
	line := strings.Repeat("x", 15) + "\n"
	for _, size := range []int{0, minBlock, target, target + minBlock, target + 2*minBlock, 2 * target, maxBlock, maxBlock + minBlock} {
		for _, front := range []string{strings.Repeat(line, size/len(line)), strings.Repeat("x", size)} {
			for _, tail := range []string{"", "y", "\n", "y\n", "\n\n", "yz", "yz\n"} {
				whole := []byte(front + strings.Repeat("x", size-len(front)) + tail)
				for _, leaps := range []bool{false, true} {
					for _, rows := range []int{0, 1000} {
						s := &slicer{source: bytes.NewReader(whole), cutter: flow.Lines.Cutter(), maxRecord: maxBlock}
						if leaps {
							s.replay = func(from, to int64) io.Reader { return bytes.NewReader(whole[from:to]) }
							s.leaps = int64(len(whole))
						}
						var at int64
						if got, err := s.first(); err == nil { // what the feeder begins with
							at = got.length
						}
						for _, got := range slicesOf(t, s, target, rows) {
							at += got.length
						}
						if at != int64(len(whole)) {
							t.Errorf("leaps %t, %d rows, %d bytes in front: covered %d of %d bytes, the last of which are %q", leaps, rows, size, at, len(whole), tail)
						}
					}
				}
			}
		}
	}
}
