package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	if cores := runtime.NumCPU(); cores < 2*c.Workers {
		return fmt.Errorf("workers %d: two programs at a time need %d cores, there are %d", c.Workers, 2*c.Workers, cores)
	}
	if least, _ := interval(make([]float64, max(c.Rounds, 0))); least < 0 {
		return fmt.Errorf("rounds %d: too few for an interval", c.Rounds)
	}
	return nil
}

// The contenders.
const (
	metered = "metered" // as every run
	shown   = "shown"   // with a page that somebody looks at
)

var names = []string{metered, shown}

// mute is the program that counts nothing.
const mute = "mute"

// beside names the runs of mute that went on at the same time as those of a contender.
func beside(name string) string { return mute + " beside " + name }

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

// compete lets the contenders run beside mute, round after round.
func compete(ctx context.Context, config Config, report *bench.Report, programs map[string]string, input string) error {
	for _, name := range names {
		for _, record := range []bench.Record{{Name: beside(name), Command: programs[mute]}, {Name: name, Command: programs[name], Against: beside(name)}} {
			record.Command = strings.ReplaceAll(bench.Command{Args: config.command(record.Command, input, 0)}.String(), config.Dir, "DIR")
			record.Rows, record.Slowness, record.Output = 2*config.Rows, 10, bench.Same
			report.Records = append(report.Records, record)
		}
	}
	for round := range config.Rounds {
		for at, name := range names {
			var sums [2]bench.Sample
			for turn := range sums {
				samples, err := pair(ctx, config, name, programs, input, (round+turn)%2)
				if err != nil {
					return err
				}
				sums[0], sums[1] = added(sums[0], samples[0]), added(sums[1], samples[1])
			}
			for i, sample := range sums {
				record := &report.Records[2*at+i]
				record.Samples = append(record.Samples, sample)
				fmt.Fprintf(config.Log, "round %d of %d: %-19s %.2f s, %.2f s of CPU\n", round+1, config.Rounds, record.Name, sample.Wall.Seconds(), sample.CPU().Seconds())
			}
		}
	}
	return nil
}

// pair lets mute and a contender do the same work at the same time, each on cores of its own; place says which are mute's. It returns what
// mute took, then the contender.
func pair(ctx context.Context, config Config, name string, programs map[string]string, input string, place int) (samples [2]bench.Sample, err error) {
	both, ctx := errgroup.WithContext(ctx)
	for i, program := range []string{programs[mute], programs[name]} {
		at := (place + i) % 2
		both.Go(func() (err error) {
			if samples[i], err = one(ctx, i == 1 && name == shown, config.command(program, input, at)); err != nil {
				return err
			}
			if err := whole(config.output(at), config.Rows); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	return samples, both.Wait()
}

// output is where runs in a place write.
func (c Config) output(place int) string { return filepath.Join(c.Dir, "output", strconv.Itoa(place)) }

// command is a run in a place: on cores that nobody in the other has.
func (c Config) command(program, input string, place int) []string {
	first := place * c.Workers
	return []string{"taskset", "--cpu-list", fmt.Sprintf("%d-%d", first, first+c.Workers-1), program, "run", "--local", "-q",
		"--workers", strconv.Itoa(c.Workers), "--input", input, "-o", c.output(place)}
}

// added is what two runs took one after the other.
func added(a, b bench.Sample) bench.Sample {
	return bench.Sample{Wall: a.Wall + b.Wall, User: a.User + b.User, System: a.System + b.System, Others: a.Others + b.Others, Peak: max(a.Peak, b.Peak)}
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
