package wordcount

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"flashmob/flow"
)

// naive counts words with a map and the standard library.
func naive(text string) string {
	counts := map[string]int{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		counts[strings.Map(unicode.ToLower, word)]++
	}
	words := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var out strings.Builder
	out.WriteString("word,count\n")
	for _, word := range words {
		fmt.Fprintf(&out, "%s,%d\n", word, counts[word])
	}
	return out.String()
}

// check compares the application with naive.
func check(t *testing.T, text string) flow.Tally {
	t.Helper()
	f, err := Flow(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	tally, rejects, err := f.Apply(strings.NewReader(flow.BOM+text), &out, 0) // a mark in front of the text is not in it
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), naive(text); got != want {
		t.Fatalf("%.200q gives\n%.300q\nwant\n%.300q", text, got, want)
	}
	if len(rejects) > 0 || tally.In != tally.Out {
		t.Fatalf("%.200q: %+v, %v", text, tally, rejects)
	}
	return tally
}

func TestWords(t *testing.T) {
	for _, text := range []string{
		"", "a", "A", "a a", "The cat, the CAT; tHe\ncat's", "x-y_z 1a2b3 @A[Z`a{z", "no end\nof line",
		"Straße STRASSE straße", "ÉTÉ été e\u0301te\u0301", "İstanbul ıI", "\u212Aelvin K", "日本語 テキスト", "Ωmega ΩΜΕΓΑ ς",
		"a\xffb \xc3 \xc3\x28 \xe2\x82", "\x80\x80a", "a\x00b", "\U0001F600smile\U00010400", "ǅ ǆ Ǆ",
		strings.Repeat("w", 63) + " " + strings.Repeat("v", 64) + " " + strings.Repeat("u", 65), strings.Repeat("ab ", 50),
	} {
		check(t, text)
		check(t, strings.Repeat("p ", 31)+text+" "+text) // across the borders of blocks
	}
}

// random makes text of pieces that a fast splitter could trip over.
func random(r *rand.Rand, n int) string {
	pieces := []string{"a", "B", "the ", "word", " ", "\n", "'", "1", "é", "É", "ß", "Ж", "日", "\xff", "\xc3", "\xe2\x82", "\u0301", "@", "[", "`", "{", "\x00", "\u212A", "sixteen-letters-", "abcdefghijklmnopq"}
	var b strings.Builder
	for range n {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func TestRandomTextsAgreeWithTheNaiveWay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		check(t, random(r, r.IntN(300)))
	}
	check(t, random(r, 300_000))
}

func FuzzWords(f *testing.F) {
	f.Add("The é\xff ǅ", uint8(3))
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		check(t, strings.Repeat(text+" ", int(n)+1))
	})
}

func TestLongLinesAreNoTrouble(t *testing.T) {
	line := strings.Repeat("some words of a very long line ", 20_000)
	if tally := check(t, line+"\n"+line); tally.In != 2*(int64(len(line))/(64<<10)+1) || tally.Lines != 1 {
		t.Errorf("%+v", tally)
	}
}

// corpus is real text where there is some, else made of words with frequencies like those of a language.
func corpus(b *testing.B) []byte {
	if text, err := os.ReadFile(os.Getenv("FLASHMOB_CORPUS")); err == nil && len(text) > 0 {
		return text[:min(len(text), 64<<20)]
	}
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 4, 200_000)
	var text []byte
	for len(text) < 32<<20 {
		n := zipf.Uint64()
		for i := n*7 + 30; i > 0; i /= 26 {
			text = append(text, byte('a'+i%26))
		}
		if text = append(text, ' '); r.IntN(10) == 0 {
			text[len(text)-1] = '\n'
		}
	}
	return text
}

func BenchmarkWords(b *testing.B) {
	f, err := Flow(Settings{})
	if err != nil {
		b.Fatal(err)
	}
	text := corpus(b)
	b.SetBytes(int64(len(text)))
	b.RunParallel(func(pb *testing.PB) {
		pass := f.NewPass(flow.Limits{MaxRecord: 16 << 20, Partitions: 32})
		var segments [][]byte
		for pb.Next() {
			for rest := text; len(rest) > 0; { // batches, and stretches of them, as large as a worker makes them
				batch := lines(rest, 8<<20)
				rest = rest[len(batch):]
				pass.Begin()
				for len(batch) > 0 {
					n := len(lines(batch, 512<<10))
					if err := pass.Run(batch[:n], nil); err != nil {
						b.Error(err)
					}
					batch = batch[n:]
				}
				for i := range segments {
					segments[i] = segments[i][:0]
				}
				segments = pass.Entries(segments)
			}
		}
	})
}

// lines returns the whole lines in the first n bytes of text.
func lines(text []byte, n int) []byte {
	head := text[:min(len(text), n)]
	if end := bytes.LastIndexByte(head, '\n') + 1; end > 0 {
		return head[:end]
	}
	return head
}
