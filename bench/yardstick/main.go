// Yardstick is the limit that flashmob is measured against: the classifier's job as one would write it by hand for one
// machine, with plain goroutines and nothing else. It reads a CSV file, appends CLASSIFICATION to every record, and
// writes the compressed result in the input's order.
//
//	yardstick -workers 2 -compress gzip -o results.csv.gz data.csv
//
// It is made as fast as it can honestly be made (limit.go says how), and leaves out what a limit may: it takes lines
// for records, cannot resume, counts nothing, and a failed write ends it.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	config := Config{}
	flag.IntVar(&config.Workers, "workers", runtime.NumCPU(), "goroutines that work")
	flag.IntVar(&config.Slowness, "slowness", 10, "how many times each record is hashed")
	flag.StringVar(&config.Compress, "compress", "gzip", "gzip (level 1), huffman (gzip without matches), zstd (fastest) or none")
	flag.IntVar(&config.Block, "block", 512<<10, "bytes of input a block")
	flag.StringVar(&config.Output, "o", "results.csv.gz", "the output `file`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: yardstick [flags] FILE")
		os.Exit(2)
	}
	config.Input = flag.Arg(0)

	// Everything is allocated once, in the first block of each worker, so there is nothing to collect.
	debug.SetGCPercent(-1)
	if err := classify(config); err != nil {
		fmt.Fprintln(os.Stderr, "yardstick:", err)
		os.Exit(1)
	}
}
