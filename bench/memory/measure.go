package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"flashmob/bench"
)

// config says what to measure.
type config struct {
	keys    int
	size    int64
	runs    int
	workers int
	results string
	log     io.Writer
}

// What is measured.
const (
	query2    = "query2"
	wordcount = "wordcount"
)

// fewer and larger are how the inputs differ.
const (
	fewer  = 20
	larger = 4
)

// A trial is a run of an application over an input of one kind.
type trial struct {
	app  string
	keys int
	size int64
}

func (t trial) name() string {
	return fmt.Sprintf("%s, %d keys, %d MB", t.app, t.keys, t.size/1_000_000)
}

// trials are few keys, many keys, and many keys in more input.
func (c config) trials(app string) [3]trial {
	return [3]trial{{app, c.keys / fewer, c.size}, {app, c.keys, c.size}, {app, c.keys, larger * c.size}}
}

// measure runs all trials, and writes the report.
func measure(ctx context.Context, c config) (_ *bench.Report, err error) {
	if c.keys < fewer || c.size < 1 || c.runs < 1 || c.workers < 1 {
		return nil, fmt.Errorf("keys: at least %d; size, runs and workers: at least 1", fewer)
	}
	dir, err := os.MkdirTemp("", "flashmob-memory-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", dir+"/", "flashmob/cmd/flashmob")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, out)
	}
	report := &bench.Report{Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine()}
	for _, app := range []string{query2, wordcount} {
		for _, t := range c.trials(app) {
			record, err := c.run(ctx, dir, t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name(), err)
			}
			report.Records = append(report.Records, record)
		}
		report.Targets = append(report.Targets, c.target(report, app))
	}
	return report, report.WriteFile(c.results)
}

// run makes an input and runs over it again and again.
func (c config) run(ctx context.Context, dir string, t trial) (bench.Record, error) {
	input, folder := filepath.Join(dir, "input"), filepath.Join(dir, "out")
	fmt.Fprintln(c.log, "making", t.name())
	lines, err := makeInput(input, t.app, t.keys, t.size)
	if err != nil {
		return bench.Record{}, err
	}
	command := bench.Command{Args: []string{filepath.Join(dir, "flashmob"), "run", "--local", "-q", "--app", t.app,
		"--workers", strconv.Itoa(c.workers), "--input", input, "-o", folder}}
	record := bench.Record{Name: t.name(), Command: command.String(), Rows: lines, Output: bench.Unchecked}
	for range c.runs {
		if err := os.RemoveAll(folder); err != nil {
			return record, err
		}
		sample, err := bench.Run(ctx, command)
		if err != nil {
			return record, err
		}
		if record.OutputBytes, err = sizeOf(filepath.Join(folder, "results.csv.gz")); err != nil {
			return record, err
		}
		fmt.Fprintf(c.log, "%-36s %6.2f s %5d MiB\n", t.name(), sample.Wall.Seconds(), sample.Peak>>20)
		record.Samples = append(record.Samples, sample)
	}
	return record, os.Remove(input)
}

func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// perKey is how many bytes a key takes: the difference between many keys and few.
func (c config) perKey(report *bench.Report, app string) float64 {
	trials := c.trials(app)
	few, many := report.Record(trials[0].name()), report.Record(trials[1].name())
	return float64(many.Peak()-few.Peak()) / float64(trials[1].keys-trials[0].keys)
}

// target is that memory goes with the keys and not with the input.
func (c config) target(report *bench.Report, app string) bench.Target {
	trials := c.trials(app)
	once, more := trials[1].name(), trials[2].name()
	name := fmt.Sprintf("%s: memory for %d times the input", app, larger)
	return bench.NewTarget(name, "≤ 1.25 times", report.Need(once, more), func() (string, bool) {
		ratio := float64(report.Record(more).Peak()) / float64(report.Record(once).Peak())
		return fmt.Sprintf("%.2f times", ratio), ratio <= 1.25
	})
}

// markdown returns the report as a page.
func markdown(c config, report *bench.Report) string {
	m := report.Machine
	page := fmt.Sprintf("%s, %s, %d cores, load %s\n\n", report.Date.Format("2 January 2006 15:04 MST"), m.CPU, m.Cores, m.Load)
	table := &bench.Table{Columns: []bench.Column{
		{Name: "run"}, {Name: "runs", Right: true}, {Name: "wall s", Right: true}, {Name: "peak MiB", Right: true},
	}}
	for _, r := range report.Records {
		wall, _, _ := r.Wall()
		table.Add(r.Name, strconv.Itoa(len(r.Samples)), fmt.Sprintf("%.2f", wall.Seconds()), strconv.FormatInt(r.Peak()>>20, 10))
	}
	page += table.Markdown()
	for _, app := range []string{query2, wordcount} {
		page += fmt.Sprintf("\n%s: %.0f bytes a key\n", app, c.perKey(report, app))
	}
	return page + "\n" + report.Targets.Table().Markdown()
}
