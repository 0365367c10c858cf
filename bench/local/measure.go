package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"flashmob/bench"
)

// Config says what to measure.
type Config struct {
	Rows     int
	Runs     int
	Slowness int
	Workers  int
	Big      bool      // also ten times the rows, once
	Only     []string  // patterns of contenders' names. Defaults to all.
	Flashmob string    // a built flashmob. Defaults to building it.
	Dir      string    // where everything is written and kept. Defaults to a temporary folder.
	Results  string    // where the report goes
	Log      io.Writer // progress
}

func (c Config) check() error {
	if c.Rows < 1 || c.Runs < 1 || c.Slowness < 1 || c.Workers < 1 {
		return errors.New("rows, runs, slowness and workers: at least 1 each")
	}
	for _, pattern := range c.Only {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("only %q: %w", pattern, err)
		}
	}
	return nil
}

// wants reports whether the contender of that name is to be run.
func (c Config) wants(name string) bool {
	for _, pattern := range c.Only {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return len(c.Only) == 0
}

// measure does everything but printing the tables, and writes the report.
func measure(ctx context.Context, config Config) (*bench.Report, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	report := &bench.Report{Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine()}
	if config.Dir == "" {
		dir, err := os.MkdirTemp("", "flashmob-bench-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		config.Dir = dir
	}
	programs, err := build(ctx, config)
	if err != nil {
		return nil, err
	}
	report.Versions = versions(ctx)
	contenders := selected(config, programs)
	references, err := prepare(ctx, config, programs, contenders)
	if err != nil {
		return nil, err
	}
	if err := compete(ctx, config, contenders, references); err != nil {
		return nil, err
	}
	for _, c := range contenders {
		report.Records = append(report.Records, c.Record)
	}
	report.Targets = targets(report, programs.worker)
	return report, report.WriteFile(config.Results)
}

// prepare makes and warms the inputs that the contenders read, and returns the sums that their outputs must have.
func prepare(ctx context.Context, config Config, programs programs, contenders []*contender) (map[job]sums, error) {
	references := map[job]sums{}
	for _, c := range contenders {
		if _, done := references[c.job]; done || c.Skipped != "" {
			continue
		}
		if err := makeInput(ctx, config, programs, c.input, c.Rows); err != nil {
			return nil, err
		}
		if err := bench.Warm(c.input); err != nil {
			return nil, err
		}
		fmt.Fprintf(config.Log, "computing what %d rows at slowness %d must give\n", c.Rows, c.Slowness)
		plain := filepath.Join(config.Dir, "reference.csv")
		if _, err := bench.Run(ctx, programs.limit(config, c.job, "none", plain)); err != nil {
			return nil, err
		}
		reference, err := sumFile(plain)
		if err != nil {
			return nil, err
		}
		references[c.job] = reference
		if err := os.Remove(plain); err != nil {
			return nil, err
		}
	}
	return references, nil
}

// compete runs the contenders in turn, round after round. One that fails is not run again and keeps no samples.
func compete(ctx context.Context, config Config, contenders []*contender, references map[job]sums) error {
	known := known{}
	for round := range config.Runs {
		for _, c := range contenders {
			if c.Skipped != "" || c.Failed != "" || c.once && round > 0 {
				continue
			}
			sample, err := c.run(ctx, known, references[c.job])
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				c.Failed, c.Samples = err.Error(), nil
				fmt.Fprintf(config.Log, "%-22s %v\n", c.Name, err)
			default:
				fmt.Fprintf(config.Log, "%-22s round %d  %6.2f s  %6.2f CPU s  %6.2f others  %5d MiB  %s\n", c.Name, round+1,
					sample.Wall.Seconds(), sample.CPU().Seconds(), sample.Others.Seconds(), sample.Peak>>20, c.Output)
			}
		}
	}
	return nil
}
