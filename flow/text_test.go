package flow

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// refTextEnds reads Text a byte at a time.
func refTextEnds(data string) (ends []int) {
	begin := 0
	for i := range len(data) {
		c := data[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
		if c == '\n' || i-begin >= longLine && !letter {
			begin = i + 1
			ends = append(ends, begin)
		}
	}
	return ends
}

func TestTextIsCutBetweenWords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string { return strings.Repeat("é", n/4) + strings.Repeat("z", n-n/4*2) }
	for _, data := range []string{
		"", "a\n", "a b\r\nc", word(longLine), word(longLine) + " " + word(10) + " x", word(longLine-1) + "\n" + word(5) + "\n",
		word(longLine) + "\n", strings.Repeat("some words ", 30_000), word(3*longLine) + ".." + word(longLine+5) + "1\n" + "z",
		strings.Repeat("\x00\x01\xff", 70_000),
	} {
		want := refTextEnds(data)
		for _, size := range []int{1 + random.IntN(50), 4096, longLine - 1, longLine, longLine + 1, len(data) + 1} {
			if got, _ := nextEnds(Text, []byte(data), size); !slices.Equal(got, want) {
				t.Errorf("%.20q of %d in blocks of %d: Next finds %v, want %v", data, len(data), size, got, want)
			}
			if got, _ := lastEnds(Text, []byte(data), size); !slices.Equal(got, lastOfEach(want, size)) {
				t.Errorf("%.20q of %d in blocks of %d: Last finds %v, want %v", data, len(data), size, got, lastOfEach(want, size))
			}
		}
	}
}

func TestTextRecordsAreLinesOrPiecesOfThem(t *testing.T) {
	long := strings.Repeat("some words ", 30_000)
	data := "a \"quoted\nb\n\n" + long + "\nlast"
	var got strings.Builder
	f := New("f", Text).Count("bytes", func(text []byte, add *Counter) {
		got.Write(text)
		add.Count([]byte("stretches"))
	})
	pass := f.NewPass(Limits{MaxRecord: 2 * longLine})
	pass.Begin()
	if err := pass.Run([]byte(data), nil); err != nil {
		t.Fatal(err)
	}
	tally, rejects := pass.End()
	want := Tally{In: int64(len(refTextEnds(data)) + 1), Lines: 4}
	if want.Out = want.In; tally != want || len(rejects) > 0 || got.String() != data {
		t.Errorf("%+v, want %+v; %v; %d bytes of %d", tally, want, rejects, got.Len(), len(data))
	}

	pass = f.NewPass(Limits{MaxRecord: 2 * longLine})
	pass.Begin()
	if err := pass.Run([]byte("fine\n"+strings.Repeat("z", 2*longLine+1)+"\nfine\n"), nil); err != nil {
		t.Fatal(err)
	}
	if tally, rejects := pass.End(); tally.In != 3 || len(rejects) != 1 || rejects[0].Line != 1 || rejects[0].Offset != 5 {
		t.Errorf("a run of letters longer than a record may be: %+v, %d rejects", tally, len(rejects))
	}
}

func TestAPanicInAStretchOfTextCostsItsRecordAlone(t *testing.T) {
	f := New("f", Text).Count("lines", func(text []byte, add *Counter) {
		for line := range strings.Lines(string(text)) {
			add.Count([]byte(strings.TrimSpace(line)))
			switch line {
			case "panic\n":
				panic("no way")
			case "reject\n":
				add.Reject("no")
			}
		}
	})
	data := strings.Repeat("a\n", 50_000) + "panic\nb\nreject\n" + strings.Repeat("a\n", 50_000) + "panic"
	tally, rejects := checkKeyed(t, f, data, "a,100000\nb,1\npanic,1\n")
	if len(rejects) != 2 || rejects[0].Line != 50_000 || rejects[1].Reason != "no" || tally.Lines != 100_003 {
		t.Errorf("%+v %+v", tally, rejects)
	}
}
