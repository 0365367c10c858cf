// Foretold asks flashmob plan what runs will take, then does them, and says how far it was off: before any run of the
// program was done, and when one of another size had taught the model.
//
//	go run ./bench/foretold -bin bin
//	go run ./bench/foretold -bin bin -only 'local*' -runs 3
//
// A case is a program, its rows and a place. In a fresh folder it asks the plan, teaches (a run of another number of rows, in the
// sandbox on one host), asks again, and does the run that was asked for, several times, as a user would. Cases that cannot be measured
// here are errors: a table with holes would be read as whole. The table goes to standard output as Markdown, what was said
// and every run's own record to bench/results/foretold.json, where cases that were not measured this time stay as they are.
// The exit code is 1 when the calibrated plan was off by more than a fifth.
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
	config := config{}
	flag.IntVar(&config.runs, "runs", 3, "runs of each case; the table shows medians")
	flag.StringVar(&config.only, "only", "*", "the cases to measure, a `pattern`")
	flag.StringVar(&config.bin, "bin", "bin", "the `folder` with built programs")
	flag.StringVar(&config.results, "o", "bench/results/foretold.json", "the `file` for the records")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := measure(ctx, config)
	if err == nil {
		fmt.Print(r.table().Markdown())
		err = r.failed()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "foretold:", err)
		os.Exit(1)
	}
}
