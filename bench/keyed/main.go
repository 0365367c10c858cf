// Keyed measures flashmob's query2 or wordcount on one machine beside a hand-written limit (bench/groupsum,
// bench/wordlimit) and the tools that people would take for it, and says which targets are met.
//
//	go run ./bench/keyed -app query2 -rows 6000000 -runs 5
//	go run ./bench/keyed -app wordcount -only 'limit,flashmob'
//
// It builds the programs, fetches DuckDB from the npm registry where node and npm are there, makes the input, reads it
// once so that it lies in memory, and runs the contenders in turn, round after round. query2's visits are generated;
// wordcount's text is that of Debian's dictionaries (apt-get install dict-gcide dict-wn dict-jargon), repeated,
// in valid UTF-8. Every
// contender's whole table is compared with the limit's, which in turn is compared with nothing but them: they were written
// apart. mawk counts in floats, so its sums need only be within a billionth. A contender that cannot run here is skipped,
// with the reason. The tables go to standard output as Markdown, every sample to bench/results/, progress to standard
// error. The exit code is 1 when a target is failed.
package main

import (
	"cmp"
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
	flag.StringVar(&config.App, "app", "query2", "query2 or wordcount")
	flag.IntVar(&config.Rows, "rows", 6_000_000, "visits of query2's input")
	flag.Int64Var(&config.Text, "text", 1_000_000_000, "bytes of wordcount's input, at least")
	flag.IntVar(&config.Runs, "runs", 5, "rounds; the tables show medians")
	flag.IntVar(&config.Workers, "workers", 2, "cores that every contender may use")
	only := flag.String("only", "", "contenders to run, as comma-separated `patterns`, for example 'limit,flashmob*'")
	flag.StringVar(&config.Dir, "dir", "", "a `folder` for programs, inputs and outputs; else one that is removed at the end")
	flag.StringVar(&config.Results, "o", "", "the `file` for all samples (default bench/results/APP.json)")
	flag.BoolVar(&config.Add, "add", false, "add the samples to those that the file has")
	flag.Parse()
	config.Results = cmp.Or(config.Results, "bench/results/"+config.App+".json")
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
		fmt.Fprintln(os.Stderr, "keyed:", err)
		if errors.Is(err, context.Canceled) {
			os.Exit(130)
		}
		os.Exit(1)
	}
}
