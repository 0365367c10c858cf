package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// What a program of nobody here makes of the same files, given by name: the whole table, byte for byte.
const (
	pythonWords = `
import collections, sys, unicodedata
counts = collections.Counter()
for name in sys.argv[1:]:
    word = []
    for c in open(name, 'rb').read().decode('utf-8', 'replace') + ' ':
        if unicodedata.category(c)[0] == 'L':
            word.append(c.lower())
        elif word:
            counts[''.join(word).encode()] += 1
            word = []
out = sys.stdout.buffer
out.write(b'word,count\n')
for word, n in sorted(counts.items(), key=lambda e: (-e[1], e[0])):
    out.write(b'%s,%d\n' % (word, n))
`
	pythonVisits = `
import collections, decimal, sys
decimal.getcontext().prec = 60
sums = collections.defaultdict(decimal.Decimal)
for name in sys.argv[1:]:
    for row in open(name, 'rb'):
        columns = row.split(b',')
        sums[columns[0][:8]] += decimal.Decimal(columns[3].decode())
out = sys.stdout.buffer
out.write(b'prefix,revenue\n')
for key in sorted(sums):
    text = format(sums[key], 'f')
    if '.' in text:
        text = text.rstrip('0').rstrip('.')
    out.write(b'%s,%s\n' % (key, text.encode()))
`
)

// Word count and Query2 make the tables that Python makes, on any number of workers and processes, of files of all sizes,
// compressed or not, some named twice.
func TestTablesAreThoseOfAnIndependentProgram(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	for app, test := range map[string]struct {
		script string
		files  [][]byte
		ending string
	}{
		"wordcount": {pythonWords, skewed(proseWithHoles), ".txt"},
		"query2":    {pythonVisits, skewed(visits), ".csv"},
	} {
		dir := t.TempDir()
		var plain, inputs []string
		for i, body := range test.files {
			name := filepath.Join(dir, fmt.Sprintf("%d%s", i, test.ending))
			if err := os.WriteFile(name, body, 0o600); err != nil {
				t.Fatal(err)
			}
			plain, inputs = append(plain, name), append(inputs, "--input", packed(t, name, body, i%3 == 1))
		}
		inputs = append(inputs, inputs[:4]...) // which changes nothing
		want, err := exec.Command(python, append([]string{"-c", test.script}, plain...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		for workers := 1; workers <= 4; workers++ {
			for _, way := range []string{"--workers", "--processes"} {
				t.Run(fmt.Sprintf("%s %s %d", app, way, workers), func(t *testing.T) {
					folder := filepath.Join(t.TempDir(), "output")
					args := append([]string{"run", "--local", "--app", app, "--compress", "none", "-o", folder, way, fmt.Sprint(workers)}, inputs...)
					stdout, err := exec.Command("flashmob", args...).Output()
					if err != nil {
						t.Fatalf("%v\n%s", err, stdout)
					}
					holdsResults(t, folder, want)
					if said := fmt.Sprintf("result: %d\n", bytes.Count(want, []byte{'\n'})-1); app == "query2" && !strings.HasPrefix(string(stdout), said) {
						t.Errorf("it prints %q, want %q", stdout, said)
					}
					if top := strings.Join(strings.SplitAfter(string(want), "\n")[1:11], ""); app == "wordcount" && !strings.HasPrefix(string(stdout), top) {
						t.Errorf("it prints %q, want %q", stdout, top)
					}
				})
			}
		}
	}
}

// A table of nothing has its header, and says so.
func TestATableOfNothingSaysSo(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for app, test := range map[string]struct{ said, table string }{
		"query2":    {"result: 0\n", "prefix,revenue\n"},
		"wordcount": {"", "word,count\n"},
	} {
		for _, way := range []string{"--workers", "--processes"} {
			folder := filepath.Join(dir, app+way)
			run := begin(t, "run", "--local", "--app", app, "--compress", "none", "-o", folder, way, "2", "--input", empty)
			run.wait(t, exitDone)
			got, err := os.ReadFile(filepath.Join(folder, "results.csv"))
			if err != nil || string(got) != test.table || !strings.HasPrefix(run.stdout.String(), test.said) {
				t.Errorf("%s %s: results %q, prints %q; %v", app, way, got, &run.stdout, err)
			}
		}
	}
}

// packed returns the name of a file with that content: a compressed one, beside the other, where it is to be that.
func packed(t *testing.T, name string, body []byte, compress bool) string {
	if !compress {
		return name
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".gz", b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name + ".gz"
}

// skewed makes one large file, ten small ones, an empty one and a tiny one.
func skewed(make func(random *rand.Rand, size int) []byte) (files [][]byte) {
	random := rand.New(rand.NewPCG(7, 8))
	for i, size := range append([]int{3 << 20}, 30_000, 30_000, 30_000, 30_000, 30_000, 0, 30_000, 30_000, 30_000, 30_000, 30_000, 1) {
		files = append(files, make(random, size))
		if i == 3 {
			files[i] = bytes.TrimSuffix(files[i], []byte{'\n'})
		}
	}
	return files
}

// proseWithHoles is text of which half is one word, and the rest in several alphabets, with bytes that are no text.
func proseWithHoles(random *rand.Rand, size int) []byte {
	var b bytes.Buffer
	for b.Len() < size {
		switch random.IntN(24) {
		case 0:
			b.WriteString("Über\tÉcole ")
		case 1:
			b.WriteString("ΑΒΓ,δέλτα; ")
		case 2:
			b.WriteString("Привет-МИР\r\n")
		case 3:
			b.WriteString("日本語の文 ")
		case 4:
			b.Write([]byte{byte(random.IntN(256)), byte(random.IntN(256)), 0, byte(random.IntN(256))})
		case 5:
			fmt.Fprintf(&b, "\"n%s's\" x%dy\n", strings.Repeat("o", random.IntN(70)), random.IntN(1000))
		case 6, 7, 8, 9, 10, 11:
			for range 1 + random.IntN(9) {
				b.WriteByte("aBcDeF"[random.IntN(6)])
			}
			b.WriteByte(" \n"[random.IntN(2)])
		default:
			b.WriteString("The ")
		}
	}
	return b.Bytes()
}

// visits is rows of Query2 of which half have one address.
func visits(random *rand.Rand, size int) []byte {
	var b bytes.Buffer
	for b.Len() < size {
		address := "10.20.30.40"
		if random.IntN(2) == 0 {
			address = fmt.Sprintf("%d.%d.%d.%d", random.IntN(256), random.IntN(4), random.IntN(256), random.IntN(9))
		}
		revenue := fmt.Sprint(random.Float32())
		if random.IntN(4) == 0 {
			revenue = fmt.Sprintf("%.*E", random.IntN(9), random.Float64()/1000)
		}
		fmt.Fprintf(&b, "%s,u%d,2001-06-29,%s,Mozilla/4.0 (compatible; MSIE 6.0),DOM,DOM-ES,Gaborone's,%d\n",
			address, random.IntN(1000), revenue, random.IntN(10))
	}
	return b.Bytes()
}
