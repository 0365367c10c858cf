package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"flashmob/bench"
)

// A job is an application and its input, which lies in the measurement's folder.
type job struct {
	name  string
	args  []string
	write func(dir string) error // makes the input; nil where there is nothing to make
}

var classify = job{name: "classify", args: []string{"--lines", "40000", "--calibrate", "100us", "--batch-rows", "200"}}

// vote keeps owners busy: what a new owner goes through again costs as much as it did at first.
var vote = job{
	name: "vote", args: []string{"--app", "votes", "--delay", "1ms", "--batch-rows", "100", "--input", "votes"},
	write: func(dir string) error {
		return fill(filepath.Join(dir, "votes"), func(w *bufio.Writer) {
			for i := range 24_000 {
				w.Write([]byte{0, 0, 0, 5, byte('a' + i*7%26), 0, 0, 0, byte(i)})
			}
		})
	},
}

// longer is enough of waiting that a fault comes in the middle of it.
var longer = func() job {
	j := waiting(100)
	j.name, j.write = "longer", lines("long", 4800)
	j.args[len(j.args)-1] = "long"
	return j
}()

// rows and patient are enough of working and waiting that how long it takes to begin hardly counts.
var (
	rows    = job{name: "rows", args: []string{"--lines", "200000", "--calibrate", "100us"}}
	patient = func() job {
		j := waiting(100)
		j.name, j.write = "patient", lines("many", 20_000)
		j.args[len(j.args)-1] = "many"
		return j
	}()
)

// waiting is a program that waits 10 ms for each line, and on one host as much longer as makes it so slow, in percent.
func waiting(share int) job {
	const program = `case $PWD in */%s/*) d=%g;; *) d=0.01;; esac; exec perl -ne '$|=1; select(undef,undef,undef,'$d'); print'`
	return job{
		name:  fmt.Sprintf("waiting %d", share),
		args:  []string{"--exec", fmt.Sprintf(program, victim, 1/float64(share)), "--exec-mode", "lines", "--batch-rows", "10", "--input", "lines"},
		write: lines("lines", 1200),
	}
}

// lines makes a file of short lines.
func lines(name string, n int) func(dir string) error {
	return func(dir string) error {
		return fill(filepath.Join(dir, name), func(w *bufio.Writer) {
			for i := range n {
				fmt.Fprintln(w, "line", i)
			}
		})
	}
}

// files are so many of one size.
type files struct{ size, number int }

func (f files) String() string {
	return fmt.Sprintf("%s × %s B", bench.Grouped(int64(f.number)), bench.Grouped(int64(f.size)))
}

// count is wordcount over files.
func count(all ...files) job {
	var names []string
	for _, f := range all {
		names = append(names, f.String())
	}
	j := job{name: strings.Join(names, " and "), args: []string{"--app", "wordcount"}}
	for _, f := range all {
		j.args = append(j.args, "--input", fmt.Sprintf("text-%d-%d/*", f.size, f.number))
	}
	j.write = func(dir string) error {
		for _, f := range all {
			if err := f.write(filepath.Join(dir, fmt.Sprintf("text-%d-%d", f.size, f.number))); err != nil {
				return err
			}
		}
		return nil
	}
	return j
}

// write makes the files in a folder: words, as they are in texts, some often and many seldom.
func (f files) write(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(uint64(f.size), uint64(f.number)))
	var text bytes.Buffer
	for text.Len() < min(f.size, 1<<20) {
		fmt.Fprintf(&text, "word%d common word%d\n", random.IntN(1+random.IntN(20_000)), random.IntN(50))
	}
	for i := range f.number {
		if err := fill(filepath.Join(dir, fmt.Sprintf("%05d", i)), func(w *bufio.Writer) {
			for left := f.size; left > 0; left -= text.Len() {
				w.Write(text.Bytes()[:min(left, text.Len())])
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// fill makes a file. A writer keeps its first error until it is flushed.
func fill(path string, write func(w *bufio.Writer)) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	write(w)
	return errors.Join(w.Flush(), file.Close())
}
