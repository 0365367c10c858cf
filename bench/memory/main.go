// Memory measures what memory a run with state by key takes: with the number of distinct keys, and with the input.
//
//	go run ./bench/memory
//
// Query2 and word count run over made inputs of few and of many keys, each drawn evenly, and over inputs of as many keys that
// are four times as large. The table has the highest resident memory of the whole run, log and results included; what a key
// takes is the difference between few keys and many, over inputs of the same size. The tables go to standard output as
// Markdown, every sample to bench/results/, progress to standard error. The exit code is 1 when a target is failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	c := config{log: os.Stderr}
	flag.IntVar(&c.keys, "keys", 2_000_000, "distinct keys of the inputs with many; those with few have a twentieth")
	flag.Int64Var(&c.size, "size", 250_000_000, "bytes of the smaller inputs")
	flag.IntVar(&c.runs, "runs", 3, "rounds; the table has the highest peak")
	flag.IntVar(&c.workers, "workers", 2, "slots")
	flag.StringVar(&c.results, "o", "bench/results/memory.json", "the `file` for all samples")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := measure(ctx, c)
	if err == nil {
		fmt.Print(markdown(c, report))
		err = report.Err()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}
