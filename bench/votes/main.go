// Votes measures how many votes a second flashmob takes in over TCP, counts in worker processes and sends on over TCP, and
// how long each is on its way, from the source to the sink, at several rates.
//
//	go run ./bench/votes -messages 1000000 -processes 2 -runs 5 -rates '0,10000,100000'
//
// A rate of 0 is as fast as the run takes them in: then votes mostly wait in queues, and the times say how long these are.
// At any other rate a vote's time begins when it was due, whether or not it could be sent then. Votes are of 9 bytes, for
// letters at random; sender and receiver are this program, on the same cores. Every line is compared with the one that must
// come: totals are the letter's, in the order of the votes. The table goes to standard output as Markdown, every sample to
// bench/results/, progress to standard error. The exit code is 1 when the target is missed or a line is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	var config config
	flag.IntVar(&config.messages, "messages", 1_000_000, "votes of a run, at most")
	flag.IntVar(&config.processes, "processes", 2, "worker processes")
	flag.IntVar(&config.runs, "runs", 5, "runs at each rate; the table shows medians")
	rates := flag.String("rates", "0,10000,100000", "votes a second, as a comma-separated `list`; 0 for as many as are taken")
	results := flag.String("o", "bench/results/votes.json", "the `file` for all samples")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, config, *rates, *results); err != nil {
		fmt.Fprintln(os.Stderr, "votes:", err)
		if errors.Is(err, context.Canceled) {
			os.Exit(130)
		}
		os.Exit(1)
	}
}

// config says what to measure.
type config struct {
	messages, processes, runs int
	rates                     []int
	dir                       string // for programs and results
}

func run(ctx context.Context, config config, rates, results string) (err error) {
	for text := range strings.SplitSeq(rates, ",") {
		rate, err := strconv.Atoi(text)
		if err != nil || rate < 0 {
			return fmt.Errorf("rate %q: must be a number, 0 or more", text)
		}
		config.rates = append(config.rates, rate)
	}
	if config.messages < 1 || config.processes < 1 || config.runs < 1 {
		return errors.New("messages, processes and runs: at least 1 each")
	}
	if config.dir, err = os.MkdirTemp("", "flashmob-votes-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(config.dir)) }()
	fmt.Fprintln(os.Stderr, "building the programs")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", config.dir+string(filepath.Separator), "flashmob/cmd/flashmob", "flashmob/cmd/worker")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, strings.TrimSpace(string(out)))
	}
	report, err := measure(ctx, config)
	if err != nil {
		return err
	}
	fmt.Print(report.markdown())
	return errors.Join(report.writeFile(results), report.failed())
}
