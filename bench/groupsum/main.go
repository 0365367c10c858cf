// Groupsum is the limit that query2 is measured against: the query as one would write it by hand for one machine, one
// schema and one prefix length, with plain goroutines and nothing else.
//
//	groupsum -workers 2 -o results.csv.gz uservisits.csv
//
// It is made as fast as portable Go honestly allows: every byte is read once, keys of 8 bytes are numbers, tables are
// probed linearly, amounts are whole numbers of 10^-18. It leaves out what a limit may: quotes, rows that are not visits
// (they end it), resuming, and any memory that the table's final size would not need.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	workers := flag.Int("workers", runtime.NumCPU(), "goroutines that work")
	output := flag.String("o", "results.csv.gz", "the output `file`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: groupsum [flags] FILE")
		os.Exit(2)
	}
	debug.SetGCPercent(-1) // everything is allocated once
	groups, err := query(flag.Arg(0), *output, *workers)
	if err != nil {
		fmt.Fprintln(os.Stderr, "groupsum:", err)
		os.Exit(1)
	}
	fmt.Println("result:", groups)
}
