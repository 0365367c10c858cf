// Wordlimit is the limit that wordcount is measured against: the count as one would write it by hand for one machine,
// with plain goroutines and nothing else.
//
//	wordlimit -workers 2 -o results.csv.gz text.txt
//	wordlimit -map < text > counts        # one step of a pipeline: a word and its count a line, in no order
//	wordlimit -reduce -o results.csv.gz < counts
//	wordlimit -redis 127.0.0.1:6379 -workers 2 -o results.csv.gz text.txt      # by way of a stream, as the course's lab does
//
// Words are maximal runs of Unicode letters, lower-cased; the table is by count, descending, then by word. It is portable
// Go: bytes are looked up one by one, words of up to 16 bytes are two numbers, tables are probed linearly.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	workers := flag.Int("workers", runtime.NumCPU(), "goroutines that work")
	output := flag.String("o", "results.csv.gz", "the output `file`")
	mapping := flag.Bool("map", false, "count standard input, and print the counts")
	reducing := flag.Bool("reduce", false, "add up the counts of standard input")
	redis := flag.String("redis", "", "count through the empty Redis server at this `address`")
	flag.Parse()
	debug.SetGCPercent(400)
	var err error
	switch {
	case *mapping:
		err = mapWords(os.Stdin, os.Stdout)
	case *reducing:
		err = reduce(os.Stdin, *output)
	case flag.NArg() == 1 && *redis != "":
		err = redisCount(context.Background(), *redis, flag.Arg(0), *output, *workers)
	case flag.NArg() == 1:
		err = count(flag.Arg(0), *output, *workers)
	default:
		fmt.Fprintln(os.Stderr, "usage: wordlimit [flags] FILE | wordlimit -map | wordlimit -reduce [flags]")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wordlimit:", err)
		os.Exit(1)
	}
}
