package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"flashmob/bench"
)

// Config says what to measure.
type Config struct {
	App     string // query2 or wordcount
	Rows    int    // of query2's input
	Text    int64  // bytes of wordcount's, at least
	Runs    int
	Workers int
	Only    []string  // patterns of contenders' names. Defaults to all.
	Dir     string    // where everything is written and kept. Defaults to a temporary folder.
	Results string    // where the report goes
	Add     bool      // the samples of the report that is there stay. Defaults to false: they go.
	Log     io.Writer // progress
}

func (c Config) check() error {
	if c.Rows < 1 || c.Text < 1 || c.Runs < 1 || c.Workers < 1 {
		return errors.New("rows, text, runs and workers: at least 1 each")
	}
	if c.App != query2 && c.App != wordcount {
		return fmt.Errorf("app %q: not query2 or wordcount", c.App)
	}
	for _, pattern := range c.Only {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("only %q: %w", pattern, err)
		}
	}
	return nil
}

// What can be measured.
const (
	query2    = "query2"
	wordcount = "wordcount"
)

// wants reports whether the contender of that name is to be run.
func (c Config) wants(name string) bool {
	for _, pattern := range c.Only {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return len(c.Only) == 0
}

// programs is where the contenders lie, or why they do not.
type programs struct {
	groupSum, wordLimit, flashmob string
	duckDB                        string // the folder that its module is in
	noDuckDB                      string // why it cannot be run, empty when it can
	noMawk, noParallel, noRedis   string
}

// build builds what is in this module, and looks for what is not.
func build(ctx context.Context, config Config) (programs, error) {
	bin, node := filepath.Join(config.Dir, "bin"), filepath.Join(config.Dir, "node")
	p := programs{groupSum: filepath.Join(bin, "groupsum"), wordLimit: filepath.Join(bin, "wordlimit"), flashmob: filepath.Join(bin, "flashmob"), duckDB: node}
	fmt.Fprintln(config.Log, "building the programs")
	err := said(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin+"/", "flashmob/bench/groupsum", "flashmob/bench/wordlimit", "flashmob/cmd/flashmob", "flashmob/cmd/worker")
	if err != nil {
		return p, err
	}
	if _, err := exec.LookPath("mawk"); err != nil {
		p.noMawk = "mawk is not installed (apt-get install mawk)"
	}
	if err := said(ctx, "parallel", "--version"); err != nil {
		p.noParallel = "GNU parallel is not installed (apt-get install parallel)"
	}
	for _, program := range []string{"redis-server", "redis-cli"} {
		if _, err := exec.LookPath(program); err != nil {
			p.noRedis = program + " is not installed (apt-get install redis-server)"
		}
	}
	if err := os.MkdirAll(node, 0o755); err != nil {
		return p, err
	}
	if config.wants("duckdb") {
		fmt.Fprintln(config.Log, "fetching DuckDB")
		if err := said(ctx, "npm", "install", "--silent", "--prefix", node, "@duckdb/node-api"); err != nil {
			p.noDuckDB = "npm does not install @duckdb/node-api: " + err.Error()
		}
	}
	return p, ctx.Err()
}

// said runs a program; an error has what it says.
func said(ctx context.Context, program string, args ...string) error {
	if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}

// measure does everything but printing the tables, and writes the report.
func measure(ctx context.Context, config Config) (_ *bench.Report, err error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	report := &bench.Report{Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine()}
	if config.Dir == "" {
		if config.Dir, err = os.MkdirTemp("", "flashmob-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(config.Dir)) }()
	}
	programs, err := build(ctx, config)
	if err != nil {
		return nil, err
	}
	input, lines, err := makeInput(ctx, config, programs)
	if err != nil {
		return nil, err
	}
	all := contenders(config, programs, input, lines)
	if err := compete(ctx, config, all); err != nil {
		return nil, err
	}
	for _, c := range all {
		report.Records = append(report.Records, c.Record)
	}
	if config.Add {
		if err := report.Add(config.Results); err != nil {
			return nil, err
		}
	}
	report.Targets = targets(config.App, report)
	return report, report.WriteFile(config.Results)
}

// compete runs the contenders in turn, round after round. One that fails is not run again and keeps no samples.
func compete(ctx context.Context, config Config, contenders []*contender) error {
	var reference results
	for round := range config.Runs {
		for _, c := range contenders {
			if c.Skipped != "" || c.Failed != "" {
				continue
			}
			sample, err := c.run(ctx, &reference)
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				c.Failed, c.Samples = err.Error(), nil
				fmt.Fprintf(config.Log, "%-20s %v\n", c.Name, err)
			default:
				fmt.Fprintf(config.Log, "%-20s round %d  %6.2f s  %6.2f CPU s  %6.2f others  %5d MiB  %s\n", c.Name, round+1,
					sample.Wall.Seconds(), sample.CPU().Seconds(), sample.Others.Seconds(), sample.Peak>>20, c.Output)
			}
		}
	}
	return nil
}
