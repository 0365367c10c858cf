package flow

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// refEnds returns where the reference sees records end at a line end, and whether data ends inside quotes.
func refEnds(data string) (ends []int, open bool) {
	for _, r := range reference(data) {
		if r.closed && r.eol != "" {
			ends = append(ends, r.offset+len(r.text)+len(r.eol))
		}
		open = !r.closed
	}
	return ends, open
}

// nextEnds returns the record ends that Next finds in data, given in blocks of the size.
func nextEnds(source Source, data []byte, size int) (ends []int, open bool) {
	cutter := source.Cutter()
	for at := 0; at < len(data); {
		n, ok := cutter.Next(data[at:min(at+size, len(data))])
		if at += n; ok {
			ends = append(ends, at)
		}
	}
	return ends, cutter.Open()
}

// lastEnds returns, of each block, the last record end that Last finds.
func lastEnds(source Source, data []byte, size int) (ends []int, open bool) {
	cutter := source.Cutter()
	for at := 0; at < len(data); at += size {
		if n := cutter.Last(data[at:min(at+size, len(data))]); n > 0 {
			ends = append(ends, at+n)
		}
	}
	return ends, cutter.Open()
}

// lastOfEach keeps the last end that lies in each block of the size.
func lastOfEach(ends []int, size int) (last []int) {
	for i, end := range ends {
		if i+1 == len(ends) || (ends[i+1]-1)/size != (end-1)/size {
			last = append(last, end)
		}
	}
	return last
}

// checkCutter compares a Cutter with the reference, for blocks of one size.
func checkCutter(t *testing.T, data string, size int) {
	t.Helper()
	want, wantOpen := refEnds(data)
	if got, open := nextEnds(CSV, []byte(data), size); !slices.Equal(got, want) || open != wantOpen {
		t.Fatalf("%q in blocks of %d: Next finds %v, open %t, want %v, %t", data, size, got, open, want, wantOpen)
	}
	want = lastOfEach(want, size)
	if got, open := lastEnds(CSV, []byte(data), size); !slices.Equal(got, want) || open != wantOpen {
		t.Fatalf("%q in blocks of %d: Last finds %v, open %t, want %v, %t", data, size, got, open, want, wantOpen)
	}
}

func TestCutterFindsRecordEnds(t *testing.T) {
	for _, data := range []string{
		"",
		"\n",
		"a,b\nc,d\n",
		"a,b\r\nc,d",
		"\"a\nb\",c\nd\n",
		"\"a\"\"\nb\"\nc\n",
		"\"\"\n\"\"\"\"\n\"\"\"\n\"\n",
		"a\"b\nc\"\n",
		" \"a\nb\"\n",
		"\"a\"b\"\nc\n",
		"\"a\"\r\n\"b\r\n\"\r\n",
		"a\r\"b\n\"c\n",
		"\"open\n\n\n",
		",\"\n\",\n",
		"\x00\n\"\x00\n\"\n",
	} {
		for size := 1; size <= len(data)+1; size++ {
			checkCutter(t, data, size)
		}
	}
}

func TestCutterAgreesWithTheReferenceOnTangles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		data := tangle(random, random.IntN(40))
		for _, size := range []int{1, 2, 3, 7, len(data) + 1} {
			checkCutter(t, data, size)
		}
	}
}

func TestCutterOfLinesKnowsNoQuotes(t *testing.T) {
	data := []byte("a \"b\n\" c\r\n\"d")
	for size := 1; size <= len(data); size++ {
		if got, open := nextEnds(Lines, data, size); !slices.Equal(got, []int{5, 10}) || open {
			t.Errorf("blocks of %d: %v, open %t", size, got, open)
		}
	}
}

func TestCutterTakesNoHarmFromEmptyBlocks(t *testing.T) {
	cutter := CSV.Cutter()
	for _, block := range []string{"", "\"a\"", "", "\"\n", "", "\""} {
		if end := cutter.Last([]byte(block)); end != 0 {
			t.Fatalf("block %q: a record ends at %d", block, end)
		}
	}
	if end := cutter.Last([]byte("\nb")); end != 1 {
		t.Errorf("the record ends at %d, want 1", end)
	}
}

// Looking for the record's end anew at each quote would take hours here.
func TestLongRecordsFullOfQuotesTakeNoLongerThanOthers(t *testing.T) {
	for _, filling := range []string{`a"`, `"",`, `"a","`, `""`} {
		record := "x" + strings.Repeat(filling, 8<<20/len(filling))
		data := []byte(record + "\nnext\n")
		for size := range 2 {
			end, ok := CSV.Cutter().Next(data[size:])
			if want := len(record) + 1 - size; ok && end != want {
				t.Errorf("%s...: the record ends at %d, want %d", filling, end, want)
			}
		}
	}
}

// Blocks of any size give the same record ends, and they are the reference's.
func FuzzCutter(f *testing.F) {
	f.Add("a,\"b\n\"\"\",c\r\n\"", uint16(1))
	f.Add("\"a\"\"b\"\n\"", uint16(4))
	f.Add("a\"\n\"b\",\"\n\"", uint16(3))
	f.Fuzz(func(t *testing.T, data string, size uint16) {
		checkCutter(t, data, int(size)+1)
		checkCutter(t, data, 1)
	})
}
