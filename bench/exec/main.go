// Exec measures flashmob's --exec on one machine beside GNU parallel and a bare pipe, and reading from an object store beside
// plain range requests, and says which targets are met.
//
//	go run ./bench/exec -rows 1000000 -runs 5
//	go run ./bench/exec -only 'pandas*'
//
// It builds the programs, makes the inputs, reads them once so that they lie in memory, and runs the contenders in turn, round after
// round. Nothing is compressed. The outputs of all contenders of a kind must be the same bytes. A contender that cannot run here
// is skipped, with the reason. The table goes to standard output as Markdown, every sample to bench/results/exec.json. The
// exit code is 1 when a target is failed.
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
	flag.IntVar(&config.rows, "rows", 1_000_000, "rows of the filter's input, and of the objects")
	flag.IntVar(&config.objects, "objects", 4_000_000, "rows of the object")
	flag.IntVar(&config.pandas, "pandas", 400_000, "rows of the pandas script's input")
	flag.IntVar(&config.runs, "runs", 5, "rounds; the table shows medians")
	flag.StringVar(&config.only, "only", "*", "the contenders to run, a `pattern`")
	flag.StringVar(&config.results, "o", "bench/results/exec.json", "the `file` for all samples")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := measure(ctx, config)
	if err == nil {
		fmt.Print(markdown(report))
		err = report.Err()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "exec:", err)
		os.Exit(1)
	}
}
