package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flashmob/bench"
	"flashmob/chaos"
	"flashmob/inventory"
)

// config says what to measure.
type config struct {
	Runs    int
	Only    string
	Limit   time.Duration
	Results string
}

// measurement is one in progress.
type measurement struct {
	config
	dir  string
	want map[string][]byte // the hash of the results, by job
}

// measure runs every cell of the pieces that are asked for, round after round, and keeps what the file has of the others.
func measure(ctx context.Context, c config) (_ *report, err error) {
	if _, err := path.Match(c.Only, ""); err != nil || c.Runs < 1 || c.Limit < time.Second {
		return nil, errors.Join(errors.New("runs: at least 1; limit: at least 1s; only: a pattern"), err)
	}
	r, err := readReport(c.Results)
	if errors.Is(err, os.ErrNotExist) {
		r, err = new(report), nil
	}
	if err != nil {
		return nil, err
	}
	if c.Results, err = filepath.Abs(c.Results); err != nil {
		return nil, err
	}
	m := measurement{config: c, want: map[string][]byte{}}
	if m.dir, err = os.MkdirTemp("", "fm"); err != nil { // short: it holds sockets
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(m.dir)) }()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", m.dir+"/", "flashmob/cmd/flashmob", "flashmob/cmd/worker")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, out)
	}
	r.Machine = bench.ThisMachine()
	// The hosts' homes lie under it, and inputs are named from there.
	if err := errors.Join(os.Setenv("HOME", m.dir), os.Chdir(m.dir)); err != nil {
		return nil, err
	}
	for _, p := range pieces() {
		if ok, _ := path.Match(c.Only, p.Name); !ok {
			continue
		}
		r.Trials = slices.DeleteFunc(r.Trials, func(t trial) bool { return t.Piece == p.Name })
		for range c.Runs {
			for _, one := range p.cells {
				t, err := m.run(ctx, p, one)
				if err != nil {
					return nil, err
				}
				r.Trials = append(r.Trials, t)
				if err := r.write(c.Results); err != nil { // now: a piece takes long
					return nil, err
				}
			}
		}
	}
	return r, nil
}

// run is one run of a cell.
func (m *measurement) run(ctx context.Context, p piece, one cell) (trial, error) {
	t := trial{Piece: p.Name, Curve: one.Curve, X: one.X, Date: time.Now().UTC().Truncate(time.Second)}
	if err := m.reference(ctx, one.job); err != nil {
		return t, err
	}
	hosts := filepath.Join(m.dir, "hosts.yml")
	inv := inventory.Local(one.workers + 1)
	if err := inventory.Write(hosts, inv); err != nil {
		return t, err
	}
	c := chaos.Config{
		Program: filepath.Join(m.dir, "flashmob"), Dir: m.dir, Inventory: inv, Target: []string{"-i", hosts},
		Tell: func(line string) { fmt.Fprintln(os.Stderr, line) },
	}
	fmt.Fprintf(os.Stderr, "%s: %s, %s\n", p.Name, one.Curve, one.Label)
	limited, cancel := context.WithTimeout(ctx, m.Limit)
	defer cancel()
	tally, err := c.Trial(limited, "out", slices.Concat([]string{"--compress", "none"}, one.job.args, one.more), one.faults)
	if ctx.Err() != nil {
		return t, ctx.Err()
	}
	t.take(tally)
	switch {
	case limited.Err() != nil:
		t.Failed = fmt.Sprintf("no end within %v", m.Limit)
	case err != nil:
		t.Failed, _, _ = strings.Cut(err.Error(), ";") // behind it comes more of what the operator said
	default:
		got, err := hash(filepath.Join(m.dir, "out"))
		if err != nil {
			return t, err
		}
		t.Wrong = !bytes.Equal(got, m.want[one.job.name])
	}
	return t, os.RemoveAll(filepath.Join(m.dir, "out"))
}

// reference makes a job's input, once, and runs it in one process that nothing befalls.
func (m *measurement) reference(ctx context.Context, j job) error {
	if m.want[j.name] != nil {
		return nil
	}
	if j.write != nil {
		if err := j.write(m.dir); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("write input of %s: %w", j.name, err)
		}
	}
	output := filepath.Join(m.dir, "reference")
	args := append([]string{"run", "--local", "-q", "--force", "--compress", "none", "-o", output}, j.args...)
	if out, err := exec.CommandContext(ctx, filepath.Join(m.dir, "flashmob"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("run %s here: %w: %s", j.name, err, bytes.TrimSpace(out))
	}
	sum, err := hash(output)
	m.want[j.name] = sum
	return err
}

// hash is that of the results in a folder.
func hash(output string) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(output, "results.*"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("results in %s: %q, %w", output, found, err)
	}
	file, err := os.Open(found[0])
	if err != nil {
		return nil, err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
