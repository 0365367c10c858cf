package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flashmob/bench"
)

// config says what to measure.
type config struct {
	bin, only, results string
	runs               int
}

// measure measures the cases and writes the record.
func measure(ctx context.Context, c config) (*record, error) {
	if _, err := path.Match(c.only, ""); err != nil || c.runs < 1 {
		return nil, errors.Join(errors.New("runs: at least 1; only: a pattern"), err)
	}
	var err error
	if c.bin, err = filepath.Abs(c.bin); err != nil {
		return nil, err
	}
	r, err := read(c.results)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, q := range cases() {
		if ok, _ := path.Match(c.only, q.description); !ok {
			continue
		}
		fmt.Fprintln(os.Stderr, q.description)
		o, err := c.one(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.description, err)
		}
		r.put(o)
		if err := r.write(c.results); err != nil { // what is measured is not lost with what comes after it
			return nil, err
		}
	}
	return r, nil
}

// one measures a case in a folder of its own.
func (c config) one(ctx context.Context, q question) (o outcome, err error) {
	dir, err := os.MkdirTemp("", "flashmob-foretold-")
	if err != nil {
		return o, err
	}
	defer func() {
		var stopped error
		if q.place == bench.Sandbox {
			stopped = exec.Command(filepath.Join(c.bin, "sandbox"), "stop", filepath.Join(dir, ".flashmob", "sandbox")).Run()
		}
		err = errors.Join(err, stopped, os.RemoveAll(dir))
	}()
	if err := q.prepare(ctx, c.bin, dir); err != nil {
		return o, err
	}
	o = outcome{Program: q.name, Place: q.place, Rows: q.asked, Size: q.size, Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine()}
	if o.Before, _, err = c.plan(ctx, q, dir); err != nil {
		return o, err
	}
	for range q.lessons {
		e, err := c.run(ctx, q, dir, q.taught, 1)
		if err != nil {
			return o, err
		}
		o.Taught = append(o.Taught, e)
	}
	if o.After, o.Job, err = c.plan(ctx, q, dir); err != nil {
		return o, err
	}
	for range c.runs {
		e, err := c.run(ctx, q, dir, q.asked, q.size)
		if err != nil {
			return o, err
		}
		o.Runs = append(o.Runs, e)
	}
	return o, nil
}

// plan asks what the case's run will take.
func (c config) plan(ctx context.Context, q question, dir string) (p bench.Prediction, job bench.Job, err error) {
	args := append([]string{"plan", "--json", "--cloud", "sandbox", "--types", "c5.xlarge", "--sizes", fmt.Sprint(q.size)}, q.input(dir, q.asked)...)
	said, err := c.flashmob(ctx, dir, append(args, q.flags...))
	if err != nil {
		return p, job, err
	}
	var plan struct {
		Job     bench.Job          `json:"job"`
		Options []bench.Prediction `json:"options"`
	}
	if err := json.Unmarshal(said, &plan); err != nil {
		return p, job, fmt.Errorf("read plan: %w", err)
	}
	i := slices.IndexFunc(plan.Options, func(p bench.Prediction) bool { return p.Shape.Cloud == q.place })
	if i < 0 {
		return p, job, fmt.Errorf("the plan says nothing of %s", q.place)
	}
	return plan.Options[i], plan.Job, nil
}

// run does a run of so many rows, as a user would, and returns the record that it leaves. In the sandbox it has so many hosts.
func (c config) run(ctx context.Context, q question, dir string, rows int64, hosts int) (e bench.Entry, err error) {
	args := []string{"run", "--local", "--workers", fmt.Sprint(q.size)}
	if q.place == bench.Sandbox {
		args = []string{"burst", "--yes", "--cloud", bench.Sandbox, "--stack", "foretold", "--type", "c5.xlarge", "--size", fmt.Sprint(hosts)}
	}
	args = append(append(args, "-q", "-o", "out", "--force"), q.input(dir, rows)...)
	folder := filepath.Join(dir, ".flashmob", "runs")
	before, err := bench.ReadLedger(folder)
	if err != nil {
		return e, err
	}
	if _, err := c.flashmob(ctx, dir, append(args, q.flags...)); err != nil {
		return e, err
	}
	ledger, err := bench.ReadLedger(folder)
	if err != nil {
		return e, err
	}
	e, ok := ledger.Last()
	if len(ledger) != len(before)+1 || !ok || e.Job.Rows != rows {
		return e, fmt.Errorf("%s: it left no record of %d rows", strings.Join(args, " "), rows)
	}
	return e, nil
}

// flashmob runs a command of flashmob's in a folder and returns its standard output.
func (c config) flashmob(ctx context.Context, dir string, args []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "flashmob"), args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it may have a cluster to end
	var complaint strings.Builder
	cmd.Stderr = &complaint
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("flashmob %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return said, nil
}
