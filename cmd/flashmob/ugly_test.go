package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// lengthen adds a column to every row of a CSV, as many characters as the others have, and does not care how it is fed.
const lengthen = `import csv, sys, io
def lengthen(source, sink, header):
    w = csv.writer(sink, lineterminator='\n')
    for i, row in enumerate(csv.reader(source)):
        w.writerow(row + (['LENGTH'] if header and i == 0 else [sum(map(len, row))]))
        sink.flush()
`

// A CSV with all that a CSV may have goes through a program that reads it with Python's own reader, in every mode, and comes to
// what that program makes of it alone.
func TestUglyTablesComeThroughAProgramInEveryMode(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here")
	}
	dir := t.TempDir()
	frames, err := filepath.Abs("../../examples/frames")
	if err != nil {
		t.Fatal(err)
	}
	alone := lengthen + `
sys.stdin.reconfigure(encoding='latin-1', newline=''); sys.stdout.reconfigure(encoding='latin-1', newline='')
lengthen(sys.stdin, sys.stdout, True)
`
	framed := lengthen + fmt.Sprintf(`
sys.path.insert(0, %q)
import flashmob
def batch(b):
    out = io.StringIO(newline='')
    lengthen(io.StringIO(b.decode('latin-1'), newline=''), out, True)
    return out.getvalue().encode('latin-1')
flashmob.serve(batch)
`, frames)
	rows := uglyRows(3000)
	input := filepath.Join(dir, "ugly.csv")
	for name, text := range map[string][]byte{input: rows, filepath.Join(dir, "alone.py"): []byte(alone), filepath.Join(dir, "framed.py"): []byte(framed)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reference := exec.Command(python, filepath.Join(dir, "alone.py"))
	reference.Stdin = bytes.NewReader(rows)
	want, err := reference.Output()
	if err != nil {
		t.Fatal(err)
	}
	for mode, script := range map[string]string{"batch": "alone.py", "lines": "alone.py", "frames": "framed.py"} {
		for _, way := range [][]string{{"--workers", "2"}, {"--processes", "2", "--batch-rows", "170"}} {
			t.Run(mode+" "+way[0], func(t *testing.T) {
				folder := filepath.Join(t.TempDir(), "output")
				args := append([]string{"run", "--local", "-q", "--exec", python + " " + filepath.Join(dir, script), "--exec-mode", mode,
					"--input", input, "--compress", "none", "-o", folder}, way...)
				if text, err := exec.Command("flashmob", args...).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				holdsResults(t, folder, want)
			})
		}
	}
}

// uglyRows returns a header and n rows of four fields: quoted and bare, with commas, quotes, line ends of both kinds, bytes that
// are no ASCII, spaces around, or nothing in them.
func uglyRows(n int) []byte {
	random := rand.New(rand.NewPCG(11, 12))
	fields := []string{
		``, `""`, `plain`, `" a "`, ` b `, `"comma, comma"`, `"say ""hi"""`, "\"two\nlines\"", "\"two\r\nmore\"", "\"\n\n\"", "caf\xc3\xa9", "\xff\xfe", `it"s`, `'`,
		"\"" + "long \xe2\x82\xac, " + "\"\"" + "\n\"", `0012`, `1e9`, `-`, `#`, `=1+1`,
	}
	var b bytes.Buffer
	b.WriteString("id,\"first, of\",second,third\r\n")
	for i := range n {
		fmt.Fprintf(&b, "%d", i)
		for range 3 {
			b.WriteString("," + fields[random.IntN(len(fields))])
		}
		b.WriteString([]string{"\n", "\r\n"}[random.IntN(2)])
	}
	return b.Bytes()
}
