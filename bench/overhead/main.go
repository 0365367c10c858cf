// Overhead measures what it costs to count what workers do, and to show it: a program that was built to count nothing does the
// same work at the same time as the one that always runs, and then beside one with a page that is open and drawn anew every
// second, and that Prometheus asks every five.
//
//	go run ./bench/overhead -rows 2000000 -rounds 20
//
// The two of a pair have cores of their own, and trade them for a second turn; what both turns took together is one sample. So
// whatever else the machine does, however fast its cores are at that moment, and whichever core is the better one, it is the same for
// both, and what is left is the difference between the programs. Each round gives two ratios a pair, of CPU time and of wall
// time; of those the median counts, and the interval that it lies in with 95 % confidence, whatever the ratios' distribution
// (by their order). CPU time, as the kernel counts it, is the figure to trust: on cores that are all at work it is what
// throughput depends on, and it does not wait for other programs as wall time does. All runs are local, so the page has to be
// drawn by the cores that work; on a cluster the metrics host does that.
//
// The table goes to standard output as Markdown, every sample to bench/results/overhead.json, progress to standard error.
// The exit code is 1 when a target is failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	config := Config{Log: os.Stderr}
	flag.IntVar(&config.Rows, "rows", 2_000_000, "rows of the input")
	flag.IntVar(&config.Rounds, "rounds", 20, "rounds; at least 6, for an interval")
	flag.IntVar(&config.Workers, "workers", 1, "cores of every program; two run at a time")
	flag.StringVar(&config.Dir, "dir", "", "a `folder` for programs, inputs and outputs; else one that is removed at the end")
	flag.BoolVar(&config.Add, "add", false, "keep the samples of the report that is there, of the same rows")
	flag.StringVar(&config.Results, "o", "bench/results/overhead.json", "the `file` for all samples")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := measure(ctx, config)
	if err == nil {
		fmt.Print(markdown(report))
		err = report.Err()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		if errors.Is(err, context.Canceled) {
			os.Exit(130)
		}
		os.Exit(1)
	}
}
