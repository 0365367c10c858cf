package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"flashmob/bench"
)

// small is the number of hosts that most targets are about.
const small = 3

// largeRows are the rows of the large cluster's run: enough for every host to get some, few enough that the
// acknowledgements of results coming home do not count among the bytes sent.
const largeRows = 100_000

// Config says what to measure.
type Config struct {
	Runs    int
	Rows    int
	Large   int
	Bin     string    // a folder with built programs. Defaults to building them.
	Results string    // where the report goes
	Log     io.Writer // progress
}

func (c Config) check() error {
	if c.Runs < 1 || c.Rows < 1 || c.Large < 1 {
		return errors.New("runs, rows and large: at least 1 each")
	}
	return nil
}

// Round is what was measured of one cluster, from up to down.
type Round struct {
	Hosts  int           `json:"hosts"`
	Rows   int           `json:"rows"`
	Up     time.Duration `json:"up_ns"`     // flashmob up, the hosts' boot included
	Upload time.Duration `json:"upload_ns"` // of Up: the worker's binary to every host, each of whose sshd is up
	First  time.Duration `json:"first_ns"`  // Upload, and from the start of flashmob run to the first part at home
	Run    time.Duration `json:"run_ns"`    // flashmob run, from start to end
	Sent   int64         `json:"sent_bytes"`
	Down   time.Duration `json:"down_ns"`            // flashmob down, with its proof
	Local  time.Duration `json:"local_ns,omitempty"` // the same run with --local --processes
	Phases string        `json:"phases"`             // of the run, as it prints them
	Load   string        `json:"load"`               // the load average when the round began
}

// measure does everything but printing the table, and writes the report.
func measure(ctx context.Context, config Config) (report *Report, err error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "flashmob-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l := &lab{dir: dir, bin: config.Bin}
	if err := l.build(ctx, config.Log); err != nil {
		return nil, err
	}
	report = &Report{Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine()}
	if report.Packed, err = l.packed(); err != nil {
		return nil, err
	}
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	for n := range config.Runs {
		for _, hosts := range []int{small, config.Large} {
			rows := largeRows
			if hosts == small {
				rows = config.Rows
			}
			round, err := l.round(ctx, hosts, rows)
			if err != nil {
				return nil, fmt.Errorf("round %d, %d hosts: %w", n+1, hosts, err)
			}
			report.Rounds = append(report.Rounds, round)
			fmt.Fprintf(config.Log, "round %d  %2d hosts  up %.2f s  first %.2f s  run %.2f s  sent %.1f MB  down %.2f s  local %.2f s  (%s)\n",
				n+1, hosts, round.Up.Seconds(), round.First.Seconds(), round.Run.Seconds(), float64(round.Sent)/1e6,
				round.Down.Seconds(), round.Local.Seconds(), round.Phases)
		}
	}
	report.Targets = report.targets(config.Large)
	return report, report.writeFile(config.Results)
}

// round takes one cluster from up to down. The cluster is ended also when something fails on the way.
func (l *lab) round(ctx context.Context, hosts, rows int) (r Round, err error) {
	r = Round{Hosts: hosts, Rows: rows, Load: bench.ThisMachine().Load}
	defer func() {
		began := time.Now()
		// Ends the cluster also when ctx has ended.
		out, downErr := l.flashmob(context.WithoutCancel(ctx), "down", "--cloud", "sandbox")
		r.Down = time.Since(began)
		if downErr == nil {
			downErr = proven(out)
		}
		err = errors.Join(err, downErr)
	}()
	before, err := l.sent()
	if err != nil {
		return r, err
	}
	began := time.Now()
	up, err := l.flashmob(ctx, "up", "--yes", "--cloud", "sandbox", "--type", hostType, "--size", fmt.Sprint(hosts))
	if err != nil {
		return r, err
	}
	r.Up = time.Since(began)
	if r.Upload, err = uploadTime(up); err != nil {
		return r, err
	}
	if err := l.run(ctx, &r); err != nil {
		return r, err
	}
	r.First += r.Upload
	after, err := l.sent()
	if err != nil {
		return r, err
	}
	r.Sent = after - before

	began = time.Now()
	if _, err := l.flashmob(ctx, "run", "--local", "--processes", fmt.Sprint(small), "--workers", fmt.Sprint(small),
		"--lines", fmt.Sprint(rows), "-o", "local", "--force"); err != nil {
		return r, err
	}
	if hosts == small {
		r.Local = time.Since(began)
	}
	return r, sameResults(filepath.Join(l.dir, "local"), filepath.Join(l.dir, "cluster"))
}
