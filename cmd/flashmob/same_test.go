package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestResultsAreTheSameForAnyWorkers runs one input in every way there is and compares with an independent computation.
func TestResultsAreTheSameForAnyWorkers(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []struct {
		name string
		rows []byte
	}{
		{"plain", plainRows(5000)},
		{"nasty", nastyRows(5000)},
	} {
		input := filepath.Join(dir, kind.name+".csv")
		if err := os.WriteFile(input, kind.rows, 0o644); err != nil {
			t.Fatal(err)
		}
		want, rejected := oracle(kind.rows, 10, true)
		for _, workers := range []int{1, 2, 3, 8} {
			for _, way := range []string{
				"", "--batch-rows 1", "--batch-rows 999", "--processes 1", fmt.Sprintf("--processes %d --batch-rows 50", workers),
				"<", "< --batch-rows 77", fmt.Sprintf("< --processes %d", workers),
			} {
				if testing.Short() && workers != 3 {
					continue
				}
				t.Run(fmt.Sprintf("%s %d workers %s", kind.name, workers, way), func(t *testing.T) {
					more, stdin := strings.CutPrefix(way, "<")
					args := append([]string{"run", "--local", "-q", "-o", filepath.Join(t.TempDir(), "output"), "--compress", "none"}, strings.Fields(more)...)
					args = append(args, "--workers", fmt.Sprint(workers))
					cmd := exec.Command("flashmob", append(args, "--input", input)...)
					if stdin {
						cmd = exec.Command("flashmob", append(args, "--input", "-")...)
						cmd.Stdin = slowly(kind.rows)
					}
					text, err := cmd.CombinedOutput()
					if code := cmd.ProcessState.ExitCode(); code != wantCode(rejected) {
						t.Fatalf("exit code %d, %v:\n%s", code, err, text)
					}
					holdsResults(t, args[4], want)
				})
			}
		}
	}
}

func wantCode(rejected int) int {
	if rejected > 0 {
		return exitRejects
	}
	return exitDone
}

// holdsResults checks the plain CSV that a run has left in a folder.
func holdsResults(t *testing.T, folder string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(folder, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		at := differ(got, want)
		t.Errorf("differs at byte %d of %d: %.80q, want %.80q", at, len(want), got[at:], want[at:])
	}
}

// differ returns the offset of the first byte in which a and b differ.
func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// slowly reads b in pieces of odd sizes, as from a pipe.
func slowly(b []byte) *pieces { return &pieces{rest: b, random: rand.New(rand.NewPCG(1, 2))} }

type pieces struct {
	rest   []byte
	random *rand.Rand
}

func (p *pieces) Read(buf []byte) (int, error) {
	n := copy(buf[:min(len(buf), 1+p.random.IntN(40_000))], p.rest)
	p.rest = p.rest[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func plainRows(n int) []byte {
	var b bytes.Buffer
	b.WriteString("id,name\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,name %x\n", i, i*i)
	}
	return b.Bytes()
}

// nastyRows returns a CSV with all that a CSV may have: a byte order mark, both line ends, quotes around commas, quotes
// and line ends, quotes where they mean nothing, empty fields and lines, NULs, ragged records, long fields, and no last
// line end.
func nastyRows(n int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	fields := []string{
		"", "a", "plain text", `"quoted"`, `"with, comma"`, "\"two\nlines\"", "\"two\r\nlines\"", `"say ""hi"""`, `""`, `""""`,
		`5" nail`, "\x00", "é€😀", "a\rb", " ", `"` + strings.Repeat("long, \n", 300) + `"`, strings.Repeat("x", 5000),
	}
	var b bytes.Buffer
	b.WriteString("\xEF\xBB\xBFid,\"na\nme\",text\r\n")
	for i := range n {
		columns := 3
		if random.IntN(20) == 0 {
			columns = random.IntN(5)
		}
		for c := range columns {
			if c > 0 {
				b.WriteByte(',')
			}
			b.WriteString(fields[random.IntN(len(fields))])
		}
		if i < n-1 {
			b.WriteString([]string{"\n", "\r\n"}[random.IntN(2)])
		}
	}
	b.WriteString("the,last,one")
	return b.Bytes()
}
