package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"flashmob/bench"
)

// Config says what to measure.
type Config struct {
	Rows    int
	Rounds  int
	Workers int
	Dir     string    // where everything is written and kept. Defaults to a temporary folder.
	Results string    // where the report goes
	Add     bool      // the samples of the report that is there stay. Defaults to false: they go.
	Log     io.Writer // progress
}

func (c Config) check() error {
	if c.Rows < 1 || c.Workers < 1 {
		return errors.New("rows and workers: at least 1 each")
	}
	if least, _ := interval(make([]float64, max(c.Rounds, 0))); least < 0 {
		return fmt.Errorf("rounds %d: too few for an interval", c.Rounds)
	}
	return nil
}

// The contenders.
const (
	mute    = "mute"    // counts nothing
	metered = "metered" // as every run
	shown   = "shown"   // with a page that somebody looks at
)

var names = []string{mute, metered, shown}

// measure does everything but printing the table, and writes the report.
func measure(ctx context.Context, config Config) (_ *bench.Report, err error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	report := &bench.Report{Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine(), Versions: map[string]string{}}
	if config.Dir == "" {
		if config.Dir, err = os.MkdirTemp("", "flashmob-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(config.Dir)) }()
	}
	programs := map[string]string{mute: filepath.Join(config.Dir, "mute", "flashmob"), metered: filepath.Join(config.Dir, "metered", "flashmob")}
	programs[shown] = programs[metered]
	for name, ldflags := range map[string]string{mute: "-s -w -X flashmob/worker.mute=yes", metered: "-s -w"} {
		fmt.Fprintln(config.Log, "building", name)
		if _, err := said(ctx, "go", "build", "-trimpath", "-ldflags", ldflags, "-o", programs[name], "flashmob/cmd/flashmob"); err != nil {
			return nil, err
		}
	}
	for name, command := range map[string][]string{"go": {"env", "GOVERSION"}, "commit": nil} {
		program := "go"
		if command == nil {
			program, command = "git", []string{"describe", "--always", "--dirty"}
		}
		if report.Versions[name], err = said(ctx, program, command...); err != nil {
			return nil, err
		}
	}
	input := filepath.Join(config.Dir, "rows.csv")
	if err := generate(ctx, programs[metered], config.Rows, input); err != nil {
		return nil, err
	}
	if err := bench.Warm(input); err != nil {
		return nil, err
	}
	if err := compete(ctx, config, report, programs, input); err != nil {
		return nil, err
	}
	if config.Add {
		if err := report.Add(config.Results); err != nil {
			return nil, err
		}
	}
	report.Targets = targets(report)
	return report, report.WriteFile(config.Results)
}

// generate writes the input.
func generate(ctx context.Context, program string, rows int, path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	cmd := exec.CommandContext(ctx, program, "generate", "--lines", strconv.Itoa(rows))
	cmd.Stdout = file
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("generate %d rows: %w", rows, err)
	}
	return nil
}

// compete lets the contenders run in turn, round after round.
func compete(ctx context.Context, config Config, report *bench.Report, programs map[string]string, input string) error {
	output := filepath.Join(config.Dir, "output")
	for _, name := range names {
		args := []string{programs[name], "run", "--local", "-q", "--workers", strconv.Itoa(config.Workers), "--input", input, "-o", output}
		record := bench.Record{Name: name, Rows: config.Rows, Slowness: 10, Output: bench.Same, Against: mute}
		record.Command = strings.ReplaceAll(bench.Command{Args: args}.String(), config.Dir, "DIR")
		report.Records = append(report.Records, record)
	}
	shuffled := rand.New(rand.NewPCG(uint64(report.Date.Unix()), 0))
	for round := range config.Rounds {
		for _, at := range shuffled.Perm(len(names)) {
			record := &report.Records[at]
			args := []string{programs[record.Name], "run", "--local", "-q", "--workers", strconv.Itoa(config.Workers), "--input", input, "-o", output}
			sample, err := one(ctx, record.Name == shown, args)
			if err != nil {
				return err
			}
			record.Samples = append(record.Samples, sample)
			if err := whole(output, config.Rows); err != nil {
				return fmt.Errorf("%s: %w", record.Name, err)
			}
			fmt.Fprintf(config.Log, "round %d of %d: %-8s %.2f s, %.2f s of CPU\n", round+1, config.Rounds, record.Name, sample.Wall.Seconds(), sample.CPU().Seconds())
		}
	}
	return nil
}

// one runs a contender, and where it is to be shown looks at its page.
func one(ctx context.Context, show bool, args []string) (bench.Sample, error) {
	if !show {
		return bench.Run(ctx, bench.Command{Args: args})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return bench.Sample{}, err
	}
	address := listener.Addr().String()
	listener.Close()
	looking, stop := context.WithCancel(ctx)
	seen := make(chan int)
	go func() { seen <- look(looking, address) }()
	sample, err := bench.Run(ctx, bench.Command{Args: append(args, "--dashboard="+address)})
	stop()
	if n := <-seen; err == nil && n == 0 {
		err = fmt.Errorf("the page at %s was never seen", address)
	}
	return sample, err
}

// whole returns an error where a run does not account for every row, and removes its output.
func whole(output string, rows int) error {
	text, err := os.ReadFile(filepath.Join(output, "manifest.json"))
	if err != nil {
		return err
	}
	var manifest struct {
		Totals struct {
			Out int `json:"records_out"`
		} `json:"totals"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return err
	}
	if manifest.Totals.Out != rows {
		return fmt.Errorf("%w: %d rows of %d", bench.ErrWrong, manifest.Totals.Out, rows)
	}
	return os.RemoveAll(output)
}

// said runs a program and returns what it says; an error has what it complains of.
func said(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, args[0], err, strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
