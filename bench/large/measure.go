package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"flashmob/bench"
	"flashmob/inventory"
)

// config says what to measure.
type config struct {
	rows     int64
	slowness int
	only     string
	in       string
}

// A way is how the input comes to the workers.
type way struct {
	name, what string
	args       []string
	piped      bool
}

var ways = []way{
	{"pipe", "through a pipe, to an initializer and 2 workers", []string{"-i", "hosts.yml", "--input", "-"}, true},
	{"file", "as a file, to 2 processes of --local", []string{"--local", "--processes", "2", "--input", "input.csv"}, false},
}

// measure runs the input in every way, and prints a table of what each took.
func measure(ctx context.Context, c config, out io.Writer) (err error) {
	if c.only != "" && !slices.ContainsFunc(ways, func(w way) bool { return w.name == c.only }) {
		return fmt.Errorf("only %q: there are pipe and file", c.only)
	}
	dir, err := os.MkdirTemp(c.in, "fm") // short: it holds sockets
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", dir+"/", "flashmob/cmd/flashmob", "flashmob/cmd/worker")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, text)
	}
	// The hosts' homes lie under it.
	if err := errors.Join(os.Setenv("HOME", dir), os.Chdir(dir), inventory.Write("hosts.yml", inventory.Local(3))); err != nil {
		return err
	}
	table := &bench.Table{Columns: []bench.Column{
		{Name: "input"}, {Name: "GB", Right: true}, {Name: "s", Right: true}, {Name: "MB/s", Right: true}, {Name: "memory of a process at most, MB"},
		{Name: "disk of the log at most, MB", Right: true}, {Name: "results here, MB", Right: true},
	}}
	for _, w := range ways {
		if c.only != "" && c.only != w.name {
			continue
		}
		if err := c.run(ctx, dir, w, table); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	_, err = fmt.Fprint(out, table.Markdown())
	return err
}

// run is one run, a row of the table.
func (c config) run(ctx context.Context, dir string, w way, table *bench.Table) error {
	program := filepath.Join(dir, "flashmob")
	generate := exec.CommandContext(ctx, program, "generate", "--lines", strconv.FormatInt(c.rows, 10))
	run := exec.CommandContext(ctx, program, append([]string{"run", "-q", "-o", "out", "--slowness", strconv.Itoa(c.slowness)}, w.args...)...)
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	var said bytes.Buffer
	generate.Stderr, run.Stderr = os.Stderr, &said
	size := new(counter)
	if w.piped {
		source, err := generate.StdoutPipe()
		if err == nil {
			err = generate.Start()
		}
		if err != nil {
			return err
		}
		run.Stdin = io.TeeReader(source, size)
	} else if err := writeInput(generate, size); err != nil {
		return err
	}
	peaks := watch(dir)
	begun := time.Now()
	err := run.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	took := time.Since(begun)
	p := peaks()
	if w.piped {
		err = errors.Join(err, generate.Wait())
	}
	if err != nil {
		return err
	}
	verify := exec.CommandContext(ctx, program, "verify", "out")
	if text, err := verify.CombinedOutput(); err != nil {
		return fmt.Errorf("verify: %w: %s", err, bytes.TrimSpace(text))
	}
	mb := func(n int64) string { return bench.Grouped(n / 1e6) }
	table.Add(w.what, fmt.Sprintf("%.1f", float64(size.n)/1e9), fmt.Sprintf("%.0f", took.Seconds()), fmt.Sprintf("%.0f", float64(size.n)/1e6/took.Seconds()),
		p.memory(), mb(p.log), mb(used("out")))
	return errors.Join(os.RemoveAll("out"), os.RemoveAll("input.csv"), os.RemoveAll(".flashmob"))
}

// writeInput makes the input as a file.
func writeInput(generate *exec.Cmd, size io.Writer) error {
	file, err := os.Create("input.csv")
	if err != nil {
		return err
	}
	generate.Stdout = io.MultiWriter(file, size)
	return errors.Join(generate.Run(), file.Close())
}

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
