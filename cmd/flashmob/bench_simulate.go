package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flashmob/bench"
	"flashmob/simulator"
)

// simulateFlags are the flags of flashmob bench simulate.
type simulateFlags struct {
	run     *runFlags
	cloud   string
	typ     string
	region  string
	spot    bool
	rows    []string
	sizes   []int
	runs    int
	row     time.Duration
	losses  float64
	slow    float64
	link    size
	results string
	display displayFlags
}

func newBenchSimulateCommand() *cobra.Command {
	var flags simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate --rows N,… --sizes N,…",
		Short: "Simulate runs on sizes that cannot be measured, and make the same tables and plots",
		Long: `Simulate plays runs on clusters batch by batch, with the protocol of real ones and the
constants of the cost model: those that earlier runs in this folder have taught where
there are any, else defaults. Everything that it makes says that it is simulated. What
the run waits for most is said for each: the slots, the initializer's loop, the log, or a link.

A row's time is sampled here, or given with --row-time.`,
		Example: `  flashmob bench simulate --rows 10M,100M --sizes 8,16,32,64,128
  flashmob bench simulate --rows 10G --sizes 128,1000 --row-time 3.5ms
  flashmob bench simulate --rows 10G --sizes 1000 --link 1GB     # from a machine beside the cluster
  flashmob bench simulate --rows 10M --sizes 32 --losses 0.5     # hosts lost, per host and hour
  flashmob bench simulate --rows 1M --sizes 8 --slow 10          # one host at a tenth of the speed`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSimulate(cmd, flags) },
	}
	flags.run = takeRunFlags(cmd, func(name string) bool { return ofProgram[name] })
	f := cmd.Flags()
	f.StringVar(&flags.cloud, "cloud", cloudAWS, "aws or sandbox")
	f.StringVar(&flags.typ, "type", "", "instance `TYPE` (default: as up)")
	f.StringVar(&flags.region, "region", defaultRegion, "`REGION`, for its prices")
	f.BoolVar(&flags.spot, "spot", false, "workers of the spot market")
	f.StringSliceVar(&flags.rows, "rows", nil, "`COUNTS` of rows, such as 10M,10G")
	f.IntSliceVar(&flags.sizes, "sizes", nil, "hosts that process")
	f.IntVar(&flags.runs, "runs", 3, "of each, with other chances")
	f.DurationVar(&flags.row, "row-time", 0, "one slot's `TIME` for a row (default: sampled here)")
	f.Float64Var(&flags.losses, "losses", 0, "how often a worker's host is lost, an hour: 0.05 is one in twenty hours")
	f.Float64Var(&flags.slow, "slow", 0, "how many `TIMES` as long the last host takes for its rows (default: as long as the others)")
	f.Var(&flags.link, "link", "what goes home and comes from there in a second, such as 1GB (default: the cost model's)")
	f.StringVar(&flags.results, "results", "bench/results", "`FOLDER` for the records, and what is made of them")
	flags.display.register(f)
	return cmd
}

// check returns what is wrong with the flags.
func (s simulateFlags) check(f *pflag.FlagSet) error {
	switch {
	case s.cloud != cloudAWS && s.cloud != cloudSandbox:
		return usagef("cloud %q: must be aws or sandbox", s.cloud)
	case len(s.rows) == 0 || len(s.sizes) == 0:
		return usagef("simulate: --rows and --sizes are needed")
	case slices.ContainsFunc(s.sizes, func(n int) bool { return n < 1 }):
		return usagef("sizes %v: must be 1 or more each", s.sizes)
	case s.runs < 1:
		return usagef("runs %d: must be 1 or more", s.runs)
	case s.row < 0 || f.Changed("row-time") && s.row == 0:
		return usagef("row-time %v: must be above 0", s.row)
	case !(s.losses >= 0 && s.losses <= 3600):
		return usagef("losses %v: must be between 0 and 3600 an hour", s.losses)
	case !(s.slow > 0 && s.slow <= 1e6) && f.Changed("slow"):
		return usagef("slow %v: must be above 0, and a million at most", s.slow)
	}
	return nil
}

// name is the series' name: what is simulated, and what is not as it is by default.
func (s simulateFlags) name(typ, program string) string {
	name := fmt.Sprintf("simulated, %s, %s, %s", s.cloud, typ, program)
	if s.spot {
		name += ", spot"
	}
	if n := s.run.batchRows; n > 0 {
		name += fmt.Sprintf(", batches of %s rows", groups(int64(n)))
	}
	switch {
	case s.losses == 1:
		name += ", each host lost once an hour"
	case s.losses > 0:
		name += fmt.Sprintf(", each host lost %g times an hour", s.losses)
	}
	if s.slow > 0 {
		name += fmt.Sprintf(", one host %g times as slow", s.slow)
	}
	if s.link > 0 {
		name += fmt.Sprintf(", a link of %s/s", s.link)
	}
	return name
}

func runSimulate(cmd *cobra.Command, flags simulateFlags) error {
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	if err := flags.check(cmd.Flags()); err != nil {
		return err
	}
	counts, err := rowCounts(flags.rows)
	if err != nil {
		return err
	}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)
	flags.run.lines = min(slices.Max(counts), 1_000_000) // a sample is a sample
	identity, err := flags.run.identity(ctx)
	if err != nil {
		return err
	}
	f, err := newForecaster(identity, flags.region, show.logger())
	if err != nil {
		return err
	}
	sampled, err := flags.run.sample(ctx, identity, time.Second, show)
	if err != nil {
		return err
	}
	job := jobOf(sampled, identity)
	job.Batch = int64(flags.run.batchRows)
	f.learn(job)
	program := identity.App + " as sampled here"
	if flags.row > 0 {
		job.Row, program = bench.Exactly(flags.row.Seconds()), fmt.Sprintf("%s at %s a row", identity.App, small(flags.row.Seconds()))
	}
	up := upFlags{cloudFlags: cloudFlags{cloud: flags.cloud}}
	up.spec.Type = flags.typ
	typ := up.typeFor(flags.cloud)
	series := &bench.Series{
		Name: flags.name(typ, program), Date: time.Now().UTC().Truncate(time.Second), Machine: bench.ThisMachine(),
		Cloud: flags.cloud, Program: program, Rows: counts, Sizes: flags.sizes, Runs: flags.runs, Simulated: true, Prices: f.priced(),
	}
	k := f.constants(flags.cloud, typ)
	if flags.link > 0 {
		k.Uplink, k.Downlink = bench.Exactly(float64(flags.link)), bench.Exactly(float64(flags.link))
	}
	for _, rows := range counts {
		for _, size := range flags.sizes {
			job.Rows = rows
			shape, err := f.shape(flags.cloud, typ, size, flags.spot)
			if err != nil {
				return err
			}
			point := bench.Point{Rows: rows, Size: size}
			for seed := range flags.runs {
				c := simulator.Config{Job: job, Shape: shape, Constants: k, Seed: uint64(seed), Losses: flags.losses, BatchRows: int64(flags.run.batchRows)}
				if flags.slow > 0 {
					c.Slow = []float64{flags.slow}
				}
				r, err := simulator.Simulate(ctx, c)
				if ctx.Err() != nil {
					return fmt.Errorf("simulate: %w", errInterrupted)
				}
				if err != nil {
					return err
				}
				point.Entries = append(point.Entries, r.Entry)
				if seed == 0 {
					what, share := r.Bound()
					show.logger().Info("simulated", "rows", rows, "hosts", size, "seconds", fmt.Sprintf("%.1f", r.Entry.Actual.Seconds), "waits for", what,
						"busy", fmt.Sprintf("%.0f %%", 100*share), "batches", r.Batches, "rows played", r.Rows, "out at most", r.Most, "hosts lost", r.Lost, "handed out again", r.Again, "taken over", r.Taken)
				}
			}
			series.Points = append(series.Points, point)
		}
	}
	if err := series.WriteFile(filepath.Join(flags.results, series.FileName()+".json")); err != nil {
		return err
	}
	return showSeries(cmd, []*bench.Series{series}, flags.results, flags.display)
}
