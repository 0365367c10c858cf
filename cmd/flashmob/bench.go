package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flashmob/bench"
	"flashmob/manifest"
)

// benchFlags are the flags of flashmob bench, beside those of run that say what each row costs.
type benchFlags struct {
	run     *runFlags
	passed  []string // those, as given
	local   bool
	apart   bool // each worker is a process of its own
	cloud   string
	typ     string
	region  string
	rows    []string
	sizes   []int
	runs    int
	title   string
	results string
	display displayFlags
}

// ofProgram are the flags of run that bench takes.
var ofProgram = map[string]bool{"app": true, "slowness": true, "calibrate": true, "prefix": true, "compress": true, "batch-rows": true, "seed": true, "exec": true, "exec-mode": true}

func newBenchCommand() *cobra.Command {
	var flags benchFlags
	cmd := &cobra.Command{
		Use:   "bench --rows N,… --sizes N,… (--local | --cloud sandbox|aws)",
		Short: "Measure runs over numbers of rows and sizes, and make tables and plots of them",
		Long: `Bench runs generated rows on every size, several times, as a user would: with
--local on so many workers of this machine; with --cloud on a cluster of so many
hosts that is made for each run and ended after it, which counts. Every run's
record is kept in bench/results, with what the model said of it before; tables
(Markdown, text, CSV) and plots (SVG, PNG) are made of the records, and can be made
again with flashmob bench report.

With --calibrate 3.5ms every row costs the CPU time that the classifier of the
seed's published tables needed for one.`,
		Example: `  flashmob bench --rows 10k,100k,1M --sizes 1,2 --local
  flashmob bench --rows 1k,10k --sizes 1,2 --local --calibrate 3.5ms
  flashmob bench --rows 10k,100k --sizes 1,2,4 --cloud sandbox
  flashmob bench report`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBench(cmd, flags) },
	}
	flags.run = takeRunFlags(cmd, func(name string) bool { return ofProgram[name] })
	f := cmd.Flags()
	f.BoolVar(&flags.local, "local", false, "measure this machine")
	f.BoolVar(&flags.apart, "processes", false, "with --local, every worker in a process of its own")
	f.StringVar(&flags.cloud, "cloud", "", "measure clusters: aws, which costs money, or sandbox")
	f.StringVar(&flags.typ, "type", "", "instance `TYPE` of clusters (default: as up)")
	f.StringVar(&flags.region, "region", defaultRegion, "`REGION` of clusters")
	f.StringSliceVar(&flags.rows, "rows", nil, "`COUNTS` of rows, such as 10k,1M")
	f.IntSliceVar(&flags.sizes, "sizes", nil, "workers, or hosts")
	f.IntVar(&flags.runs, "runs", 3, "of each; the tables show medians and the whole spread")
	f.StringVar(&flags.title, "name", "", "`TEXT` that names the program in tables (default: the flags that say what it is)")
	f.StringVar(&flags.results, "results", "bench/results", "`FOLDER` for the records, and what is made of them")
	flags.display.register(f)
	cmd.AddCommand(newBenchReportCommand(), newBenchSimulateCommand())
	return cmd
}

// check returns what is wrong with the flags.
func (b benchFlags) check(f *pflag.FlagSet) error {
	switch {
	case b.local == (b.cloud != ""):
		return usagef("bench: one of --local and --cloud is needed")
	case b.cloud != "" && b.cloud != cloudAWS && b.cloud != cloudSandbox:
		return usagef("cloud %q: must be aws or sandbox", b.cloud)
	case len(b.rows) == 0 || len(b.sizes) == 0:
		return withHint(usagef("bench: --rows and --sizes are needed"), "try flashmob bench --rows 10k,100k --sizes 1,2 --local")
	case slices.ContainsFunc(b.sizes, func(n int) bool { return n < 1 }):
		return usagef("sizes %v: must be 1 or more each", b.sizes)
	case b.runs < 1:
		return usagef("runs %d: must be 1 or more", b.runs)
	case b.local && (b.typ != "" || f.Changed("region")):
		return usagef("bench: --type and --region are for clusters")
	case b.apart && !b.local:
		return usagef("bench: --processes is for --local: in a cluster every host has a process")
	}
	return errors.Join(b.run.appFlags.check(f), b.run.execFlags.check(f))
}

// benchLab is a folder in which runs are measured: their clusters and records are of no other's business.
type benchLab struct {
	benchFlags
	dir    string
	self   string
	f      *forecaster
	job    bench.Job // as sampled
	ledger bench.Ledger
	show   *display
}

func runBench(cmd *cobra.Command, flags benchFlags) (err error) {
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	if err := flags.check(cmd.Flags()); err != nil {
		return err
	}
	counts, err := rowCounts(flags.rows)
	if err != nil {
		return err
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if ofProgram[f.Name] {
			flags.passed = append(flags.passed, "--"+f.Name+"="+f.Value.String())
		}
	})
	lab, err := newBenchLab(ctx, cmd, flags, slices.Max(counts))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.close()) }()
	series := &bench.Series{
		Name: lab.name(), Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine(), Cloud: lab.place(), Program: lab.program(),
		Rows: counts, Sizes: flags.sizes, Runs: flags.runs,
	}
	if flags.cloud != "" {
		series.Prices = lab.f.priced()
	}
	path := filepath.Join(flags.results, series.FileName()+".json")
	for range flags.runs {
		for _, rows := range counts {
			for _, size := range flags.sizes {
				if err := lab.measure(ctx, series, rows, size); err != nil {
					return err
				}
				if err := series.WriteFile(path); err != nil { // what is measured is not lost with what comes after it
					return err
				}
			}
		}
	}
	return showSeries(cmd, []*bench.Series{series}, flags.results, flags.display)
}

func newBenchLab(ctx context.Context, cmd *cobra.Command, flags benchFlags, most int64) (*benchLab, error) {
	lab := &benchLab{benchFlags: flags, show: newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)}
	lab.run.lines = most
	var err error
	if lab.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if lab.cloud != "" {
		if lab.typ == "" {
			lab.typ = (&upFlags{cloudFlags: cloudFlags{cloud: lab.cloud}}).typeFor(lab.cloud)
		}
	}
	identity, err := lab.run.identity(ctx)
	if err != nil {
		return nil, err
	}
	if lab.f, err = newForecaster(identity, flags.region, lab.show.logger()); err != nil {
		return nil, err
	}
	lab.f.ledger = nil // only what is measured here counts
	sampled, err := lab.run.sample(ctx, identity, time.Second, lab.show)
	if err != nil {
		return nil, err
	}
	lab.job = jobOf(sampled, identity)
	lab.job.Batch = int64(lab.run.batchRows)
	lab.dir, err = os.MkdirTemp("", "flashmob-bench-")
	return lab, err
}

// close ends the sandbox, if there is one, and removes the folder.
func (l *benchLab) close() error {
	var stopped error
	if l.cloud == cloudSandbox {
		program, err := beside("sandbox")
		if err == nil {
			err = exec.Command(program, "stop", filepath.Join(l.dir, sandboxFolder)).Run()
		}
		stopped = err
	}
	return errors.Join(stopped, os.RemoveAll(l.dir))
}

// place is the cloud of the runs.
func (l *benchLab) place() string {
	if l.local {
		return bench.Local
	}
	return l.cloud
}

// program says what a row costs.
func (l *benchLab) program() string {
	if l.run.command != "" {
		return l.run.command
	}
	if len(l.passed) == 0 {
		return "native " + l.run.app
	}
	return l.run.app + " " + strings.Join(l.passed, " ")
}

// name is the series' name.
func (l *benchLab) name() string {
	kind := "native"
	if len(l.passed) > 0 {
		kind = strings.ReplaceAll(strings.Join(l.passed, " "), "--", "")
	}
	if l.apart {
		kind += ", processes"
	}
	name := l.place() + ", " + cmp.Or(l.title, kind)
	if l.cloud == cloudAWS {
		name += ", " + l.typ
	}
	return name
}

// shape is where the runs of a size run.
func (l *benchLab) shape(size int) (bench.Shape, error) {
	if l.local {
		return thisMachine(size), nil
	}
	return l.f.shape(l.cloud, l.typ, size, false)
}

// measure does one run and adds its record to the series. A run that fails is in the series too; only what ends all of it is an
// error.
func (l *benchLab) measure(ctx context.Context, series *bench.Series, rows int64, size int) error {
	shape, err := l.shape(size)
	if err != nil {
		return err
	}
	job := l.job
	job.Rows = rows
	k := bench.Place(shape.Cloud).Calibrate(l.ledger, l.f.identity.App, l.f.identity.Settings)
	said := bench.Predict(job, shape, k)
	entry, failure := l.once(ctx, rows, size)
	if ctx.Err() != nil {
		return fmt.Errorf("bench: %w", errInterrupted)
	}
	i := slices.IndexFunc(series.Points, func(p bench.Point) bool { return p.Rows == rows && p.Size == size })
	if i < 0 {
		series.Points = append(series.Points, bench.Point{Rows: rows, Size: size})
		i = len(series.Points) - 1
	}
	if failure != nil {
		series.Points[i].Failed = failure.Error()
		l.show.logger().Warn("run failed", "rows", rows, "size", size, "err", failure)
		return nil
	}
	entry.Predicted, entry.Job.Row, entry.Job.Idle, entry.Job.Batch, entry.Shape = &said, job.Row, job.Idle, job.Batch, shape
	series.Points[i].Entries = append(series.Points[i].Entries, entry)
	l.ledger = append(l.ledger, entry)
	l.show.logger().Info("measured", "rows", rows, "size", size, "seconds", fmt.Sprintf("%.2f", entry.Actual.Seconds),
		"predicted", fmt.Sprintf("%.2f", said.Seconds.Value), "cost", bench.Money(entry.Actual.Dollars))
	return nil
}

// once does one run, as a user would, and returns its record.
func (l *benchLab) once(ctx context.Context, rows int64, size int) (bench.Entry, error) {
	runs := filepath.Join(l.dir, ledgerFolder)
	if err := os.RemoveAll(runs); err != nil {
		return bench.Entry{}, err
	}
	args := []string{"run", "--local", "--workers", fmt.Sprint(size)}
	if l.apart {
		args = append(args, "--processes", fmt.Sprint(size))
	}
	if l.cloud != "" {
		args = []string{"burst", "--yes", "--cloud", l.cloud, "--stack", "bench", "--size", fmt.Sprint(size), "--type", l.typ, "--region", l.region}
	}
	args = append(append(args, "--lines", fmt.Sprint(rows), "-q", "-o", "out", "--force"), l.passed...)
	cmd := exec.CommandContext(ctx, l.self, args...)
	cmd.Dir = l.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it has a cluster to end
	if said, err := cmd.CombinedOutput(); err != nil {
		text := strings.TrimSpace(string(said))
		return bench.Entry{}, fmt.Errorf("flashmob %s: %w: %s", strings.Join(args, " "), err, text[max(0, len(text)-500):])
	}
	ledger, err := bench.ReadLedger(runs)
	if err != nil {
		return bench.Entry{}, err
	}
	if len(ledger) != 1 {
		return bench.Entry{}, fmt.Errorf("flashmob %s: it left %d records", strings.Join(args, " "), len(ledger))
	}
	if _, err := manifest.Load(filepath.Join(l.dir, "out")); err != nil {
		return bench.Entry{}, err
	}
	return ledger[0], nil
}
