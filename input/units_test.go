package input_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"flashmob/input"
)

// bgzip compresses as bgzip does: members that say how long they are, an empty one last.
func bgzip(t *testing.T, text string) []byte {
	t.Helper()
	var all bytes.Buffer
	for ended := false; !ended; text = text[min(60_000, len(text)):] {
		ended = text == ""
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Extra = []byte{'B', 'C', 2, 0, 0, 0}
		io.WriteString(w, text[:min(60_000, len(text))])
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint16(b.Bytes()[16:], uint16(b.Len()-1))
		all.Write(b.Bytes())
	}
	return all.Bytes()
}

// frames compresses as so many zstd frames, each of which says how much it holds, if sized.
func frames(t *testing.T, text string, n int, sized bool) (all [][]byte) {
	t.Helper()
	for i := range n {
		piece := text[len(text)*i/n : len(text)*(i+1)/n]
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		if sized {
			all = append(all, w.EncodeAll([]byte(piece), nil))
			continue
		}
		var b bytes.Buffer
		w.Reset(&b)
		for _, half := range []string{piece[:len(piece)/2], piece[len(piece)/2:]} {
			io.WriteString(w, half)
			w.Flush()
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, b.Bytes())
	}
	return all
}

// seekTable is the table of zstd's seekable format for frames that hold so much.
func seekTable(frames [][]byte, holds func(i int) int) []byte {
	var table []byte
	for i, frame := range frames {
		table = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(table, uint32(len(frame))), uint32(holds(i)))
	}
	out := binary.LittleEndian.AppendUint32(nil, 0x184D2A5E)
	out = append(binary.LittleEndian.AppendUint32(out, uint32(len(table)+9)), table...)
	out = append(binary.LittleEndian.AppendUint32(out, uint32(len(frames))), 0)
	return binary.LittleEndian.AppendUint32(out, 0x8F92EAB1)
}

// numbers is a text that no two places of are alike in.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

func write(t *testing.T, name string, pieces ...[]byte) input.Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, bytes.Join(pieces, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestCompressedFilesOfSeveralUnitsAreReadFromAnywhere(t *testing.T) {
	text := numbers(200_000)
	share := func(n int) func(i int) int {
		return func(i int) int { return len(text)*(i+1)/n - len(text)*i/n }
	}
	sized, unsized := frames(t, text, 7, true), frames(t, text, 5, false)
	skippable := []byte{0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'}
	for name, in := range map[string]input.Input{
		"bgzip":         write(t, "a.txt.gz", bgzip(t, text)),
		"frames":        write(t, "a.txt.zst", bytes.Join(sized, nil)),
		"skippable":     write(t, "a.txt.zst", skippable, sized[0], sized[1], skippable, bytes.Join(sized[2:], nil), skippable),
		"seekable":      write(t, "a.txt.zst", bytes.Join(unsized, nil), seekTable(unsized, share(5))),
		"sized, seeked": write(t, "a.txt.zst", bytes.Join(sized, nil), seekTable(sized, share(7))),
	} {
		t.Run(name, func(t *testing.T) {
			if !in.HasRanges() || in.IsCompressed() || in.Size != int64(len(text)) {
				t.Fatalf("it is %+v: one unit", in)
			}
			if whole, err := read(t, in.URI); err != nil || whole != text {
				t.Fatalf("%d bytes, want %d; %v", len(whole), len(text), err)
			}
			if err := in.Check(); err != nil {
				t.Error(err)
			}
			var ranges input.Ranges
			defer ranges.Close()
			s, err := in.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			random := rand.New(rand.NewPCG(1, 2))
			for range 100 {
				from := random.IntN(len(text))
				to := from + random.IntN(min(len(text)-from, 600_000)+1)
				r := ranges.Open(in, int64(from), int64(to))
				got, err := io.ReadAll(r)
				if err := errors.Join(err, r.Close()); err != nil || string(got) != text[from:to] {
					t.Fatalf("range %d to %d: %d bytes; %v", from, to, len(got), err)
				}
				if got, err := io.ReadAll(s.Section(int64(from), int64(to))); err != nil || string(got) != text[from:to] {
					t.Fatalf("section %d to %d: %d bytes; %v", from, to, len(got), err)
				}
				at := make([]byte, min(100, len(text)-from))
				if _, err := s.ReadAt(at, int64(from)); err != nil || string(at) != text[from:from+len(at)] {
					t.Fatalf("at %d: %q; %v", from, at, err)
				}
				if up := s.AlignUp(int64(from)); up < int64(from) || up > int64(from)+4<<20 {
					t.Fatalf("aligned %d to %d", from, up)
				}
			}
		})
	}
}

func TestCompressedFilesThatDoNotTellTheirUnitsAreOne(t *testing.T) {
	text := numbers(100_000)
	unsized := frames(t, text, 3, false)
	whole := bgzip(t, text)
	for name, in := range map[string]input.Input{
		"members without lengths": write(t, "a.gz", []byte(packed(t, "gzip", text[:1000], text[1000:]))),
		"frames without sizes":    write(t, "a.zst", bytes.Join(unsized, nil)),
		"one frame":               write(t, "a.zst", frames(t, text, 1, true)[0]),
		"one and another":         write(t, "a.gz", whole, []byte(packed(t, "gzip", ""))),
	} {
		if in.HasRanges() || !in.IsCompressed() {
			t.Errorf("%s: it is %+v", name, in)
		}
		if got, err := read(t, in.URI); err != nil || got != text {
			t.Errorf("%s: %d bytes, want %d; %v", name, len(got), len(text), err)
		}
	}
}

// What a file says of its parts is believed for where they begin, and checked against what they hold.
func TestUnitsThatLieAreFoundOut(t *testing.T) {
	text := numbers(200_000)
	all := frames(t, text, 4, false)
	for name, lie := range map[string]int{"less": -7, "more": 7} {
		in := write(t, "a.zst", bytes.Join(all, nil), seekTable(all, func(i int) int {
			holds := len(text)*(i+1)/4 - len(text)*i/4
			if i == 1 {
				holds += lie
			}
			return holds
		}))
		if got, err := read(t, in.URI); err == nil || len(got) > len(text)/2 {
			t.Errorf("%s: %d bytes are read as if nothing were wrong; %v", name, len(got), err)
		}
	}
	short := bgzip(t, text)
	in := write(t, "a.gz", short[:len(short)-100])
	if _, err := read(t, in.URI); err == nil {
		t.Error("a file that was cut off is read as if it were whole")
	}
}

func TestAPackedFileThatChangesIsNotReadOn(t *testing.T) {
	text := numbers(200_000)
	in := write(t, "a.gz", bgzip(t, text))
	if err := os.WriteFile(in.URI, bgzip(t, text[:1_000_000]), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Open(); !errors.Is(err, input.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	var ranges input.Ranges
	defer ranges.Close()
	if _, err := io.ReadAll(ranges.Open(in, 0, 100)); !errors.Is(err, input.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if err := in.Check(); !errors.Is(err, input.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}
