package flow

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// wordsOf counts the words of a record through CountWords, or one by one, and then rejects records that say so.
func wordsOf(oneByOne bool) CountFunc {
	return func(record []byte, add *Counter) {
		record = slices.Clip(bytes.Clone(record)) // nothing may be read behind it
		var edges []uint32
		for at := 0; at < len(record); {
			n := bytes.IndexByte(record[at:], ' ')
			if n < 0 {
				n = len(record) - at
			}
			edges = append(edges, uint32(at), uint32(at+n))
			at += n + 1
		}
		if !oneByOne {
			add.CountWords(record, edges)
		}
		for i := 0; oneByOne && i < len(edges); i += 2 {
			add.Count(bytes.ToLower(record[edges[i]:edges[i+1]]))
		}
		if bytes.HasSuffix(record, []byte("Bad")) {
			add.Reject("bad")
		}
	}
}

func TestCountingManyWordsIsCountingEach(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	letters := "aBcDeFgHiJkLmNoPqRsTuVwXyZ"
	word := func(most int) string {
		var w strings.Builder
		for range 1 + random.IntN(most) {
			w.WriteByte(letters[random.IntN(len(letters))])
		}
		return w.String()
	}
	for name, most := range map[string]int{"few": 2, "many": 20} {
		t.Run(name, func(t *testing.T) {
			var data strings.Builder
			for line := range 3000 {
				for range random.IntN(800) / (1 + line%100) {
					data.WriteString(word(most))
					data.WriteByte(' ')
				}
				if line%500 == 250 {
					data.WriteString("Bad")
				}
				data.WriteByte('\n')
			}
			var want bytes.Buffer
			if _, _, err := New("f", Lines).Count("n", wordsOf(true)).Apply(strings.NewReader(data.String()), &want, 0); err != nil {
				t.Fatal(err)
			}
			tally, rejects := checkKeyed(t, New("f", Lines).Count("n", wordsOf(false)), data.String(), want.String())
			if tally.Rejected != 6 || len(rejects) != 6 {
				t.Errorf("%+v", tally)
			}
		})
	}
}
