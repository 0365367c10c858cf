// Faults measures what faults cost: a run on hosts that are all this machine, while its processes are killed, stopped and slowed.
//
//	go run ./bench/faults -runs 3
//	go run ./bench/faults -only 'ack wait'
//
// A piece is one question, a table and a plot: how long the ack wait should be, what a straggler costs, and so on. Every cell is
// a run of the operator's program on an initializer and some workers, each a host of its own in the inventory, with a folder of
// its own, on this one machine; so all of them share its cores. What befalls them is said by the cell alone, in seconds from the
// operator's start. The whole results of every run are compared with those of a run without hosts. A run that does not come to
// its end within the limit is part of the answer: its cell says so.
//
// The tables go to standard output, all trials to a file, from which `go test ./bench/faults -update` makes the tables and plots of
// docs/reliability.md. The exit code is 1 where results differ.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	c := config{}
	flag.IntVar(&c.Runs, "runs", 3, "rounds; the tables show medians")
	flag.StringVar(&c.Only, "only", "*", "the pieces to measure, a `pattern`; what the file has of the others stays")
	flag.DurationVar(&c.Limit, "limit", 60*time.Second, "how long a run may take")
	flag.StringVar(&c.Results, "o", "bench/results/faults.json", "the `file` for all trials")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := measure(ctx, c)
	if err == nil {
		fmt.Print(r.page())
		err = r.wrong()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}
