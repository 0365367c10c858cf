package worker

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// remote serves a text over HTTP, with ranges, and returns the input and how many bytes were asked for.
func remote(t *testing.T, text []byte) (input.Input, *atomic.Int64) {
	t.Helper()
	asked := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(counting{w, asked}, r, "data.csv", time.Time{}, bytes.NewReader(text))
	}))
	t.Cleanup(s.Close)
	in, err := input.StatRemote(s.URL + "/data.csv")
	if err != nil || !in.HasRanges() || in.Size != int64(len(text)) {
		t.Fatal(in, err)
	}
	return in, asked
}

type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n.Add(int64(n))
	return n, err
}

// quoted makes a CSV whose text is full of line ends, commas and quotes inside quotes.
func quoted(rows int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	text := []byte("id,text,name\n")
	for i := range rows {
		field := strings.Repeat([]string{"word ", "line\nline ", "a,b,c\n", `""said""`, "1,2,3\n4,5,6\n"}[r.IntN(5)], r.IntN(12))
		text = fmt.Appendf(text, "%d,\"%s\",%s\n", i, field, strings.Repeat("n", r.IntN(30)))
	}
	return text
}

func TestARemoteCSVIsCutAtItsRecordsAndHardlyReadTwice(t *testing.T) {
	text := quoted(200_000, 7)
	shout := flow.New("shout", flow.CSV).Column("SHOUT", func(dst, record []byte) ([]byte, error) { return append(dst, 'x'), nil })
	want := scenario{flow: shout, inputs: []input.Input{file(t, text)}, slots: 2}.results(t)
	in, asked := remote(t, text)
	got := scenario{flow: shout, inputs: []input.Input{in}, slots: 2}.results(t)
	if !bytes.Equal(got, want) {
		t.Error("results differ from those of the same bytes in a file")
	}
	if n, most := asked.Load(), int64(len(text))*3/2; n > most {
		t.Errorf("%d bytes were read of %d", n, len(text))
	}
}

func TestGuessesAreRightOrNotMade(t *testing.T) {
	text := quoted(3000, 11)
	var ends []int
	for cutter, at := flow.CSV.Cutter(), 0; at < len(text); {
		n, _ := cutter.Next(text[at:])
		at += n
		ends = append(ends, at)
	}
	isEnd := map[int]bool{}
	for _, end := range ends {
		isEnd[end] = true
	}
	made := 0
	for at := 0; at+guessWindow < len(text); at += 997 {
		end, ok := guess(flow.CSV, 3, text[at:at+guessWindow])
		if ok && !isEnd[at+end] {
			t.Fatalf("at %d it says %d, which is inside a record", at, at+end)
		}
		if ok {
			made++
		}
	}
	if made == 0 {
		t.Error("nothing was guessed")
	}
	for name, c := range map[string]struct {
		fields int
		window string
	}{
		"one column": {1, strings.Repeat("line\n", 100)}, "nothing fits": {3, strings.Repeat("a,b\n", 100)}, "a record that is too long": {3, strings.Repeat("x", 1000)},
		"both fit": {2, strings.Repeat("\",\"\n", 100)}, "too few": {2, "a,b\nc,d\n"},
	} {
		if end, ok := guess(flow.CSV, c.fields, []byte(c.window)); ok {
			t.Errorf("%s: %d", name, end)
		}
	}
}

// A field that looks like the file that it stands in is guessed wrong. Then the run ends, and goes on without guesses.
func TestAWrongGuessIsFoundOutAndResumed(t *testing.T) {
	inner := strings.Repeat("7,seven,seventh\n", 400_000)
	text := []byte("id,text,name\n" + strings.Repeat("1,a,b\n", 1_500_000) + "2,\"" + inner + "\",c\n" + strings.Repeat("3,a,b\n", 300_000))
	same := flow.New("same", flow.CSV)
	want := scenario{flow: same, inputs: []input.Input{file(t, text)}, slots: 2, maxRecord: 16 << 20}.results(t)
	in, _ := remote(t, text)
	s := scenario{flow: same, inputs: []input.Input{in}, slots: 2, dir: filepath.Join(t.TempDir(), "out"), maxRecord: 16 << 20}
	first := s.open(t)
	_, err := first.runWith(t, s)
	if err == nil || !strings.Contains(err.Error(), ErrCut.Error()) {
		t.Fatalf("%v", err)
	}
	if err := errors.Join(first.Close(), first.Folder.Close()); err != nil {
		t.Fatal(err)
	}
	again := s
	again.resume = true
	m, err := again.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := readResults(t, s.dir, m); !bytes.Equal(got, want) {
		t.Error("results differ")
	}
}

func TestAnObjectThatChangesEndsTheRun(t *testing.T) {
	text := quoted(20_000, 3)
	var mu sync.Mutex
	tag, requests := `"one"`, 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if requests++; requests > 4 {
			tag = `"two"`
		}
		w.Header().Set("ETag", tag)
		mu.Unlock()
		http.ServeContent(w, r, "data.csv", time.Time{}, bytes.NewReader(text))
	}))
	t.Cleanup(s.Close)
	in, err := input.StatRemote(s.URL + "/data.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, err = scenario{flow: flow.New("same", flow.CSV), inputs: []input.Input{in}, slots: 2, dir: filepath.Join(t.TempDir(), "out")}.run(t)
	if err == nil || !strings.Contains(err.Error(), `changed while it was read: its ETag was "one", is "two"`) && !errors.Is(err, input.ErrChanged) {
		t.Errorf("%v", err)
	}
}

// A server that breaks off, and says that it is busy, is asked again.
func TestAFlakyServerIsAskedAgain(t *testing.T) {
	text := quoted(30_000, 5)
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		switch k := n.Add(1); {
		case k%3 == 1:
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case k%3 == 2:
			http.ServeContent(&cutOff{ResponseWriter: w, left: 40_000}, r, "data.csv", time.Time{}, bytes.NewReader(text))
		default:
			http.ServeContent(w, r, "data.csv", time.Time{}, bytes.NewReader(text))
		}
	}))
	t.Cleanup(s.Close)
	in, err := input.StatRemote(s.URL + "/data.csv")
	if err != nil {
		t.Fatal(err)
	}
	got := scenario{flow: flow.New("same", flow.CSV), inputs: []input.Input{in}, slots: 2}.results(t)
	if !bytes.Equal(got, text) {
		t.Error("results differ from the input")
	}
}

// cutOff breaks the connection after some bytes.
type cutOff struct {
	http.ResponseWriter
	left int
}

func (c *cutOff) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(b)
}

func readResults(t *testing.T, dir string, m *manifest.Manifest) []byte {
	t.Helper()
	if _, err := manifest.Verify(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, m.Results))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
