package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"flashmob/bench"
)

// config says what to measure.
type config struct {
	rows, objects, pandas, runs int
	only, results               string
	dir                         string // where everything is written, and removed again
}

// measure does everything but printing, and writes the report.
func measure(ctx context.Context, c config) (_ *bench.Report, err error) {
	if _, err := path.Match(c.only, ""); err != nil || c.rows < 1 || c.pandas < 1 || c.runs < 1 {
		return nil, errors.Join(errors.New("rows, pandas and runs: at least 1 each; only: a pattern"), err)
	}
	if c.dir, err = os.MkdirTemp("", "flashmob-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	fmt.Fprintln(os.Stderr, "building the programs")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", c.dir+"/", "flashmob/bench/addfield", "flashmob/bench/exec/objects", "flashmob/cmd/flashmob", "flashmob/cmd/worker")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, out)
	}
	fmt.Fprintln(os.Stderr, "making the inputs")
	for name, rows := range map[string]int{"rows.csv": c.rows, "objects.csv": c.objects, "pandas.csv": c.pandas} {
		if err := shell(ctx, c, fmt.Sprintf("./flashmob generate --lines %d > %s && tail -n +2 %s > %s.txt && split -d -a 1 -n l/%d %s.txt %s.txt.", rows, name, name, name, slots, name, name)); err != nil {
			return nil, err
		}
		if err := bench.Warm(filepath.Join(c.dir, name)); err != nil {
			return nil, err
		}
	}
	end, err := serveObjects(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	report := &bench.Report{Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine()}
	all := contenders(c)
	if err := compete(ctx, c, all); err != nil {
		return nil, err
	}
	for _, one := range all {
		report.Records = append(report.Records, one.Record)
	}
	report.Targets = targets(report)
	return report, report.WriteFile(c.results)
}

func shell(ctx context.Context, c config, script string) error {
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -eo pipefail; "+script)
	cmd.Dir = c.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", script, err, out)
	}
	return nil
}

// compete runs the contenders in turn, round after round. One that fails is not run again.
func compete(ctx context.Context, c config, all []*contender) error {
	want := map[string]string{} // the hash of the output, by kind
	for range c.runs {
		for _, one := range all {
			if one.Skipped != "" || one.Failed != "" || one.Output == bench.Wrong {
				continue
			}
			output := filepath.Join(c.dir, one.output)
			if err := os.RemoveAll(filepath.Join(c.dir, "out")); err != nil {
				return err
			}
			sample, err := bench.Run(ctx, bench.Command{Dir: c.dir, Tree: true, Args: []string{"bash", "-c", "set -eo pipefail; mkdir -p out; " + one.script}})
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				one.Failed, one.Samples = err.Error(), nil
				continue
			}
			fmt.Fprintf(os.Stderr, "%-24s %.2f s\n", one.Name, sample.Wall.Seconds())
			one.Samples, one.Output = append(one.Samples, sample), bench.Same
			if one.output == "" {
				continue
			}
			sum, err := sumOf(output)
			if err != nil {
				return err
			}
			if want[one.kind] == "" {
				want[one.kind] = sum
			}
			if sum != want[one.kind] {
				one.Output = bench.Wrong
			}
		}
	}
	return nil
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return string(h.Sum(nil)), err
}
