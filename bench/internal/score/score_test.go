package score

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// plain is the definition, word for word: Write slowness times, first eight bytes, shift, divide.
func plain(record string, slowness int) float64 {
	h := sha256.New()
	for range slowness {
		h.Write([]byte(record))
	}
	return float64(binary.BigEndian.Uint64(h.Sum(nil))>>11) / (1 << 53)
}

func TestScoreIsTheDefinition(t *testing.T) {
	for _, slowness := range []int{1, 2, 10} {
		s := New(slowness)
		for _, record := range []string{"", "a", "1,2,0.5,x,y", strings.Repeat("long", 5000)} {
			if got, want := s.Score([]byte(record)), plain(record, slowness); got != want {
				t.Errorf("slowness %d, record %.20q: score %v, want %v", slowness, record, got, want)
			}
		}
	}
}

func TestAppendLinesKeepsLineEnds(t *testing.T) {
	s := New(10)
	a, b := plain("a,b", 10), plain("", 10)
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"a,b\n", fmt.Sprintf("a,b,%v\n", a)},
		{"a,b", fmt.Sprintf("a,b,%v", a)},
		{"a,b\r\na,b\n", fmt.Sprintf("a,b,%v\r\na,b,%v\n", a, a)},
		{"\na,b", fmt.Sprintf(",%v\na,b,%v", b, a)},
	} {
		if got := string(s.AppendLines(nil, []byte(test.in))); got != test.want {
			t.Errorf("%q: %q, want %q", test.in, got, test.want)
		}
	}
}

func TestAppendHeaderAddsTheColumn(t *testing.T) {
	for _, test := range []struct{ in, want, rest string }{
		{"", "", ""},
		{"ID", "ID,CLASSIFICATION", ""},
		{"ID,SKU\r\n1,2\r\n", "ID,SKU,CLASSIFICATION\r\n", "1,2\r\n"},
	} {
		got, rest := AppendHeader(nil, []byte(test.in))
		if string(got) != test.want || string(rest) != test.rest {
			t.Errorf("%q: %q and %q, want %q and %q", test.in, got, rest, test.want, test.rest)
		}
	}
}

// generated has the length of a row of the benchmark's input.
var generated = []byte("1234567,54321,0.6046602879796196,fcea920f7412b5da7be0cf42b8c93759,c4ca4238a0b923820dcc509a6f75849bc4ca4238a0b923820dcc509a6f75849b")

func BenchmarkSum256(b *testing.B) {
	s := New(10)
	b.SetBytes(int64(len(generated)))
	for b.Loop() {
		s.Score(generated)
	}
}

func BenchmarkWrite(b *testing.B) {
	h := sha256.New()
	var digest []byte
	b.SetBytes(int64(len(generated)))
	for b.Loop() {
		h.Reset()
		for range 10 {
			h.Write(generated)
		}
		digest = h.Sum(digest[:0])
	}
}

func BenchmarkAppendLines(b *testing.B) {
	s := New(10)
	line := append(append([]byte{}, generated...), '\n')
	var dst []byte
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		dst = s.AppendLines(dst[:0], line)
	}
}
