package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// length is a column that says how long each record is.
func length(dst, record []byte) ([]byte, error) {
	return strconv.AppendInt(dst, int64(len(record)), 10), nil
}

// measured is a flow that appends each record's length.
func measured(source Source) *Flow { return New("measured", source).Column("LEN", length) }

// apply runs f over data and returns what comes of it; rejects as describe puts them.
func apply(t *testing.T, f *Flow, data string, maxRecord int) (out string, tally Tally, rejects []string) {
	t.Helper()
	var results bytes.Buffer
	tally, rejected, err := f.Apply(strings.NewReader(data), &results, maxRecord)
	if err != nil {
		t.Fatal(err)
	}
	if tally.In != tally.Out+tally.Rejected || tally.Rejected != int64(len(rejected)) {
		t.Errorf("%.200q: %+v and %d rejects do not add up", data, tally, len(rejected))
	}
	return results.String(), tally, describe(rejected)
}

func TestCSVCornerCases(t *testing.T) {
	bare := CSV.WithoutHeader()
	for _, c := range []struct {
		name, in, out string
		source        Source
		rejects       []string
	}{
		{"empty input", "", "", CSV, nil},
		{"empty input without header", "", "", bare, nil},
		{"only a byte order mark", BOM, BOM, CSV, nil},
		{"header only", "A,B\n", "A,B,LEN\n", CSV, nil},
		{"header only, no line end", "A,B", "A,B,LEN", CSV, nil},
		{"header only, CRLF", "A,B\r\n", "A,B,LEN\r\n", CSV, nil},
		{"no final newline", "A,B\n1,2\n3,4", "A,B,LEN\n1,2,3\n3,4,3", CSV, nil},
		{"final CR is data", "A,B\n3,4\r", "A,B,LEN\n3,4\r,4", CSV, nil},
		{"LF and CRLF mixed", "A,B\r\n1,2\n3,4\r\n", "A,B,LEN\r\n1,2,3\n3,4,3\r\n", CSV, nil},
		{"BOM", BOM + "A,B\n1,2\n", BOM + "A,B,LEN\n1,2,3\n", CSV, nil},
		{"BOM and quoted header", BOM + "\"A\n,\",B\n1,2\n", BOM + "\"A\n,\",B,LEN\n1,2,3\n", CSV, nil},
		{"BOM without header", BOM + "\"1\n\",2\n", BOM + "\"1\n\",2,6\n", bare, nil},
		{"BOM elsewhere is data", "1\n" + BOM + "2\n", "1,1\n" + BOM + "2,4\n", bare, nil},
		{"quoted commas, quotes, newlines", "A,B\n\"x,y\",\"\"\"z\"\"\"\n\"l1\nl2\r\nl3\",2\n",
			"A,B,LEN\n\"x,y\",\"\"\"z\"\"\",13\n\"l1\nl2\r\nl3\",2,13\n", CSV, nil},
		{"empty fields", "A,B\n,\n\"\",\n", "A,B,LEN\n,,1\n\"\",,3\n", CSV, nil},
		{"one column, empty lines", "A\n\n1\n\r\n", "A,LEN\n,0\n1,1\n,0\r\n", CSV, nil},
		{"several columns, empty lines", "A,B\n\n1,2\n\r\n", "A,B,LEN\n1,2,3\n", CSV,
			[]string{`line 0, byte 0: 1 field, want 2: ""`, `line 2, byte 5: 1 field, want 2: ""`}},
		{"ragged", "A,B\n1,2,3\n\"a\nb\",2\n4\n,,,\n5,6\n", "A,B,LEN\n\"a\nb\",2,7\n5,6,3\n", CSV, []string{
			`line 0, byte 0: 3 fields, want 2: "1,2,3"`, `line 3, byte 14: 1 field, want 2: "4"`, `line 4, byte 16: 4 fields, want 2: ",,,"`}},
		{"NUL bytes", "A,B\n\x00,\"\x00\n\"\n", "A,B,LEN\n\x00,\"\x00\n\",6\n", CSV, nil},
		{"lone CR is data", "A,B\n1\r1,2\r\r\n", "A,B,LEN\n1\r1,2\r,6\r\n", CSV, nil},
		{"bare quotes are data", "A,B\n5\" disk,it\"s\n \"1,2\"\n", "A,B,LEN\n5\" disk,it\"s,12\n \"1,2\",6\n", CSV, nil},
		{"text behind a closing quote", "A,B\n\"a\"b,2\n\"a\" ,\"b\"\"\"x\"y\n", "A,B,LEN\n\"a\"b,2,6\n\"a\" ,\"b\"\"\"x\"y,13\n", CSV, nil},
		{"unclosed quote at the end", "A,B\n1,2\n3,\"4\n5,6\n", "A,B,LEN\n1,2,3\n", CSV,
			[]string{`line 1, byte 4: quoted field is not closed: "3,\"4\n5,6"`}},
		{"only a quote", "\"", "", bare, []string{`line 0, byte 0: quoted field is not closed: "\""`}},
		{"invalid UTF-8", "A,B\n\xff,\xfe\n", "A,B,LEN\n\xff,\xfe,3\n", CSV, nil},
		{"lines", "a,\"b\r\n\n\"c", "a,\"b,4\r\n,0\n\"c,2", Lines, nil},
		{"lines with a header", "a\nb\n", "a,1\nb,1\n", Lines.WithoutHeader(), nil},
	} {
		out, tally, rejects := apply(t, measured(c.source), c.in, 0)
		if out != c.out {
			t.Errorf("%s: %q gives\n%q, want\n%q", c.name, c.in, out, c.out)
		}
		if !slices.Equal(rejects, c.rejects) {
			t.Errorf("%s: rejects\n%q, want\n%q", c.name, rejects, c.rejects)
		}
		if tally.Emitted != tally.Out {
			t.Errorf("%s: %+v", c.name, tally)
		}
	}
}

func TestLongFieldsPassUnharmed(t *testing.T) {
	huge := strings.Repeat("a\"\"b\n,", 1<<20)
	for name, record := range map[string]string{
		"quoted": `"` + huge + `",2`,
		"plain":  strings.Repeat("x", 6<<20) + ",2",
	} {
		out, _, rejects := apply(t, measured(CSV), "A,B\n1,2\n"+record+"\n3,4\n", 16<<20)
		if want := fmt.Sprintf("A,B,LEN\n1,2,3\n%s,%d\n3,4,3\n", record, len(record)); out != want || rejects != nil {
			t.Errorf("%s: %d bytes of output, want %d; rejects %.100q", name, len(out), len(want), rejects)
		}
	}
}

func TestOverlongRecordsAreRejectedWithTheirHeads(t *testing.T) {
	for _, c := range []struct {
		length  int
		rejects bool
	}{{9999, false}, {10000, false}, {10001, true}, {100000, true}} {
		record := strings.Repeat("x", c.length-2) + ",y"
		var results bytes.Buffer
		tally, rejects, err := measured(CSV).Apply(strings.NewReader("A,B\n"+record+"\r\n1,2\r\n"), &results, 10000)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(rejects) == 1; got != c.rejects || tally.In != 2 {
			t.Fatalf("%d bytes: %+v, %d rejects", c.length, tally, len(rejects))
		}
		if !c.rejects {
			continue
		}
		if r := rejects[0]; r.Reason != TooLong(10000) || string(r.Record) != record[:min(c.length, 64<<10)] {
			t.Errorf("%d bytes: reason %q, %d bytes kept", c.length, r.Reason, len(r.Record))
		}
		if got := results.String(); got != "A,B,LEN\n1,2,3\r\n" {
			t.Errorf("%d bytes: %.100q", c.length, got)
		}
	}
}

func TestHeadersGainQuotedNames(t *testing.T) {
	f := New("names", CSV).Column(`say "no"`, length).Map("same", same).Column("a,b", length).Column("two\nlines", length)
	if got, want := string(f.Header([]byte("A"))), `A,"say ""no""","a,b",`+"\"two\nlines\""; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := fmt.Sprintf("%q", f.Stages()); got != `["say \"no\"" "same" "a,b" "two\nlines"]` {
		t.Error(got)
	}
}

func TestHeadersAreNotWrittenInto(t *testing.T) {
	line := []byte("A,B\nnext")
	if got := measured(CSV).Header(line[:3]); string(got) != "A,B,LEN" || string(line) != "A,B\nnext" {
		t.Errorf("header %q, line %q", got, line)
	}
}

func TestApplyReportsErrorsOfBothSides(t *testing.T) {
	broken := errors.New("broken")
	if _, _, err := measured(CSV).Apply(io.MultiReader(strings.NewReader("A\n"), errorReader{broken}), io.Discard, 0); !errors.Is(err, broken) {
		t.Errorf("reading: %v", err)
	}
	for good := range 3 { // the byte order mark, the header, the records
		w := &errorWriter{good: good, err: broken}
		if _, _, err := measured(CSV).Apply(strings.NewReader(BOM+"A\n1\n"), w, 0); !errors.Is(err, broken) {
			t.Errorf("write %d: %v", good, err)
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

type errorWriter struct {
	good int
	err  error
}

func (w *errorWriter) Write(p []byte) (int, error) {
	if w.good--; w.good < 0 {
		return 0, w.err
	}
	return len(p), nil
}

func TestGeneratorsMakeTheSameRowsForAnyStretch(t *testing.T) {
	g := Generator{Row: func(dst []byte, seed uint64, i int64) []byte { return fmt.Appendf(dst, "%d,%d", seed, i) }}
	whole := g.Append(nil, 7, 0, 100)
	for step := int64(1); step <= 100; step += 13 {
		var got []byte
		for at := int64(0); at < 100; at += step {
			got = g.Append(got, 7, at, min(at+step, 100))
		}
		if !bytes.Equal(got, whole) {
			t.Errorf("stretches of %d: %q", step, got)
		}
	}
	if got := g.Append([]byte("x"), 7, 5, 5); string(got) != "x" {
		t.Errorf("no rows: %q", got)
	}
	if got := g.Weight(7, 100); got != int64(len(whole)) {
		t.Errorf("100 rows weigh %d, have %d", got, len(whole))
	}
	if got, want := float64(g.Weight(7, 50_000)), float64(len(g.Append(nil, 7, 0, 50_000))); got < 0.99*want || got > 1.01*want {
		t.Errorf("50 000 rows weigh %.0f, have %.0f", got, want)
	}
	if got := g.Weight(7, 0); got != 0 {
		t.Errorf("no rows weigh %d", got)
	}
}
