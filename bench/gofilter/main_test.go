package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"flashmob/bench/internal/score"
)

func TestFilterGivesTheSameBytesForAnyReads(t *testing.T) {
	input := strings.Repeat("1,2,3\n4,5\n\n", 100) + strings.Repeat("long", 100_000) + "\nlast"
	want := string(score.New(3).AppendLines(nil, []byte(input)))
	readers := map[string]io.Reader{
		"whole":    strings.NewReader(input),
		"halves":   iotest.HalfReader(strings.NewReader(input)),
		"data+EOF": iotest.DataErrReader(strings.NewReader(input)),
	}
	for name, in := range readers {
		var out bytes.Buffer
		if err := run(in, &out, 3, false); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s: the output differs", name)
		}
	}

	var out bytes.Buffer
	if err := run(strings.NewReader(input), &out, 3, true); err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(plain); err != nil || string(got) != want {
		t.Errorf("gzip: the output differs (%v)", err)
	}
}

func TestFilterReportsErrors(t *testing.T) {
	if err := run(iotest.ErrReader(io.ErrUnexpectedEOF), io.Discard, 1, false); err != io.ErrUnexpectedEOF {
		t.Errorf("error %v, want that of the reader", err)
	}
}
