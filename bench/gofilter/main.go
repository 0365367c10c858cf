// Gofilter is the program that GNU parallel drives in the benchmark: it copies lines from standard input to standard
// output with their scores appended, on one core. It knows no header, because parallel cuts the input anywhere.
//
//	parallel --pipepart -k --block 16M -a data.csv 'gofilter | gzip -1' > results.csv.gz
//	parallel --pipepart -k --block 16M -a data.csv gofilter -gzip > results.csv.gz
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"flashmob/bench/internal/score"

	"github.com/klauspost/compress/gzip"
)

func main() {
	slowness := flag.Int("slowness", 10, "how many times each record is hashed")
	compress := flag.Bool("gzip", false, "write gzip, level 1")
	flag.Parse()
	debug.SetGCPercent(-1) // a few buffers, allocated once
	if err := run(os.Stdin, os.Stdout, *slowness, *compress); err != nil {
		fmt.Fprintln(os.Stderr, "gofilter:", err)
		os.Exit(1)
	}
}

// run filters in to out, through a compressor if compress.
func run(in io.Reader, out io.Writer, slowness int, compress bool) error {
	scorer := score.New(slowness)
	if !compress {
		return filter(in, out, scorer)
	}
	compressor, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := filter(in, compressor, scorer); err != nil {
		return err
	}
	return compressor.Close()
}

// filter copies whole lines as it gets them; what follows the last line end waits for more, or for the end of in.
func filter(in io.Reader, out io.Writer, scorer *score.Scorer) error {
	var scored []byte
	buffer, filled := make([]byte, 256<<10), 0
	for {
		n, err := in.Read(buffer[filled:])
		filled += n
		if err != nil && err != io.EOF {
			return err
		}
		lines := bytes.LastIndexByte(buffer[:filled], '\n') + 1
		if err == io.EOF {
			lines = filled
		}
		scored = scorer.AppendLines(scored[:0], buffer[:lines])
		if _, err := out.Write(scored); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		filled = copy(buffer, buffer[lines:filled])
		if filled == len(buffer) {
			buffer = append(buffer, make([]byte, len(buffer))...)
		}
	}
}
