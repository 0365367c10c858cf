// Cluster measures the whole path in the sandbox, from up to down, and says which targets are met.
//
//	go run ./bench/cluster -runs 3
//	go run ./bench/cluster -runs 1 -bin bin -large 4
//
// A round makes a cluster of 3 hosts, runs generated rows on it, does the same run on this machine in 3 processes, ends
// the cluster, and then makes, uses and ends a large one. Everything is done with the programs as a user has them, in a
// folder and a sandbox of its own, which it stops at the end. The results of every run are compared with those of the
// local one. It needs what the sandbox needs: Linux, root, sshd, nft, and a pulumi command on PATH.
//
// All hosts share this machine's cores, and so does whoever else works on it: what the rest of the machine took is kept
// with every sample. The table goes to standard output as Markdown, every sample to bench/results/cluster.json,
// progress to standard error. The exit code is 1 when a target is failed.
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
	flag.IntVar(&config.Runs, "runs", 3, "rounds; the table shows medians")
	flag.IntVar(&config.Rows, "rows", 1_000_000, "rows of the small cluster's run, and of the local one")
	flag.IntVar(&config.Large, "large", 16, "hosts of the large cluster")
	flag.StringVar(&config.Bin, "bin", "", "a `folder` with built programs; else they are built")
	flag.StringVar(&config.Results, "o", "bench/results/cluster.json", "the `file` for all samples")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := measure(ctx, config)
	if err == nil {
		fmt.Print(report.markdown())
		err = report.Targets.Missed()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		if errors.Is(err, context.Canceled) {
			os.Exit(130)
		}
		os.Exit(1)
	}
}
