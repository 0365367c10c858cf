package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// gathering returns a gatherer of one input of the given size, with a line a byte.
func gathering(t *testing.T, size int64) (*gatherer, *manifest.Folder) {
	t.Helper()
	folder, err := manifest.Create(filepath.Join(t.TempDir(), "out"), manifest.Run{
		ID: "test", App: "test", Compress: "none", Results: "results.txt", Inputs: []input.Input{{URI: "-", Size: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := folder.Close(); err != nil {
			t.Error(err)
		}
	})
	g, err := newGatherer(folder, newMemory(), beginAtZero)
	if err != nil {
		t.Fatal(err)
	}
	g.ends[0] = size
	return g, folder
}

func beginAtZero(int) int64 { return 0 }

// lettersOf is what the batch [from, to) results in: a line for each of its bytes.
func lettersOf(from, to int64) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%d\n", i)
	}
	return b.String()
}

// give hands the gatherer the part of a range.
func give(t *testing.T, g *gatherer, from, to int64) (first bool) {
	t.Helper()
	body := lettersOf(from, to)
	first, err := g.accept(Part{Batch: Batch{Kind: manifest.Records, Offset: from, Length: to - from}, Results: int64(len(body))}, []byte(body), arrival{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.advance(beginAtZero); err != nil {
		t.Fatal(err)
	}
	return first
}

func TestPartsComeOutInOrderOnce(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		size := int64(1 + random.IntN(64))
		g, folder := gathering(t, size)
		// Some batch is halved again and again while the whole is still under way: ranges nest, and come in any order.
		var ranges [][2]int64
		var split func(from, to int64)
		split = func(from, to int64) {
			ranges = append(ranges, [2]int64{from, to})
			if middle := (from + to) / 2; to-from > 1 && random.IntN(3) > 0 {
				split(from, middle)
				split(middle, to)
			}
		}
		split(0, size)
		leaves := ranges
		random.Shuffle(len(ranges), func(i, j int) { ranges[i], ranges[j] = ranges[j], ranges[i] })
		for _, r := range append(leaves, ranges...) { // everything comes twice
			give(t, g, r[0], r[1])
		}
		for at := range size { // whatever is still missing comes byte by byte
			give(t, g, at, at+1)
		}
		if !g.finished() {
			t.Fatalf("seed %d: not finished", seed)
		}
		m, err := folder.Finish(nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder.Dir, m.Results))
		if err != nil {
			t.Fatal(err)
		}
		if want := lettersOf(0, size); string(text) != want {
			t.Fatalf("seed %d: got %q, want %q", seed, text, want)
		}
	}
}

func TestALatePartIsDroppedAndCounted(t *testing.T) {
	g, _ := gathering(t, 30)
	for _, step := range []struct {
		from, to int64
		first    bool
	}{
		{10, 20, true},  // waits for its turn
		{10, 20, false}, // again
		{15, 20, false}, // half of what waits
		{5, 15, false},  // overlaps what waits
		{0, 10, true},   // makes both appear
		{0, 5, false},   // half of what has appeared
		{20, 30, true},
	} {
		if first := give(t, g, step.from, step.to); first != step.first {
			t.Errorf("part [%d,%d): first is %t, want %t", step.from, step.to, first, step.first)
		}
	}
	if g.late != 4 {
		t.Errorf("%d late parts, want 4", g.late)
	}
	if !g.finished() {
		t.Error("not finished")
	}
}

func TestALatePartLeavesNothingInTheDepot(t *testing.T) {
	g, _ := gathering(t, 10)
	d := g.depot.(*memory)
	for range 2 {
		body := []byte(lettersOf(0, 10))
		ref, err := d.Put(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.accept(Part{Batch: Batch{Kind: manifest.Records, Length: 10}, Results: int64(len(body)), Ref: ref}, nil, arrival{}); err != nil {
			t.Fatal(err)
		}
		if err := g.advance(beginAtZero); err != nil {
			t.Fatal(err)
		}
	}
	if d.Held() != 0 {
		t.Errorf("the depot holds %d bytes", d.Held())
	}
}

func TestAPartShorterThanItSaysIsNotAppended(t *testing.T) {
	g, folder := gathering(t, 10)
	if _, err := g.accept(Part{Batch: Batch{Kind: manifest.Records, Length: 10}, Results: 1000}, []byte("short"), arrival{}); err != nil {
		t.Fatal(err)
	}
	if err := g.advance(beginAtZero); !errors.Is(err, errTorn) {
		t.Errorf("got %v, want errTorn", err)
	}
	if len(folder.Parts) != 0 {
		t.Error("the torn part was appended")
	}
}

func TestRejectsCarryTheirPlaceInTheInput(t *testing.T) {
	g, folder := gathering(t, 200)
	rejects, err := json.Marshal([]flow.Reject{{Line: 3, Offset: 30, Reason: "why, \"so\"", Record: []byte("x\r\ny")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{0, 100} {
		part := Part{
			Batch: Batch{Kind: manifest.Records, Offset: from, Length: 100},
			Tally: flow.Tally{In: 7, Out: 6, Rejected: 1, Lines: 9},
		}
		if _, err := g.accept(part, rejects, arrival{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.advance(beginAtZero); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Finish(nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder.Dir, manifest.RejectsFile))
	if err != nil {
		t.Fatal(err)
	}
	want := "input,line,byte,reason,record\n-,4,30,\"why, \"\"so\"\"\",\"x\r\ny\"\n-,13,130,\"why, \"\"so\"\"\",\"x\r\ny\"\n"
	if string(text) != want {
		t.Errorf("got %q, want %q", text, want)
	}
}
