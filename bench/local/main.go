// Local measures flashmob on one machine beside the hand-written limit (bench/yardstick) and GNU parallel driving a
// filter that does the same work (bench/gofilter), and says which targets are met.
//
//	go run ./bench/local -rows 2000000 -runs 5
//	go run ./bench/local -rows 200000 -runs 3 -only 'limit*,parallel*'
//
// It builds the programs, generates the input, reads it once so that it lies in memory, computes what every output must
// be, and then runs the contenders in turn, round after round, so that whatever else the machine does disturbs all
// alike. Each output is decompressed and compared; one that differs marks its contender wrong and its targets failed.
// A contender that cannot run here is skipped, with the reason. The tables go to standard output as Markdown, every
// sample to bench/results/local.json, progress to standard error. The exit code is 1 when a target is failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	config := Config{Log: os.Stderr}
	flag.IntVar(&config.Rows, "rows", 2_000_000, "rows of the input")
	flag.IntVar(&config.Runs, "runs", 5, "rounds; the tables show medians")
	flag.IntVar(&config.Slowness, "slowness", 10, "how many times each record is hashed")
	flag.IntVar(&config.Workers, "workers", 2, "cores that every contender may use")
	flag.BoolVar(&config.Big, "big", false, "also run ten times the rows once, to compare peak memory")
	only := flag.String("only", "", "contenders to run, as comma-separated `patterns`, for example 'limit*,flashmob'")
	flag.StringVar(&config.Flashmob, "flashmob", "", "flashmob's `path`, with worker beside it; else both are built")
	flag.StringVar(&config.Dir, "dir", "", "a `folder` for programs, inputs and outputs; else one that is removed at the end")
	flag.StringVar(&config.Results, "o", "bench/results/local.json", "the `file` for all samples")
	flag.Parse()
	if *only != "" {
		config.Only = strings.Split(*only, ",")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := measure(ctx, config)
	if err == nil {
		fmt.Print(markdown(report))
		err = report.Err()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		if errors.Is(err, context.Canceled) {
			os.Exit(130)
		}
		os.Exit(1)
	}
}
