package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flashmob/bench"
	"flashmob/orchestrator"
)

// planFlags are the flags of flashmob plan, beside those of run that say what is run.
type planFlags struct {
	run      *runFlags
	cloud    string
	region   string
	types    []string
	sizes    []int
	rows     []string
	deadline time.Duration
	budget   dollars
	spot     bool
	sampling time.Duration
	look     lookFlags
}

// ofRun are the flags of run that say what is run: plan takes them, and no others.
var ofRun = map[string]bool{
	"input": true, "lines": true, "seed": true, "app": true, "slowness": true, "calibrate": true, "prefix": true, "delay": true,
	"compress": true, "max-record": true, "no-header": true, "delimiter": true, "quote": true, "workers": true,
	"exec": true, "exec-mode": true, "timeout": true, "env": true, "header": true,
}

func newPlanCommand() *cobra.Command {
	var flags planFlags
	cmd := &cobra.Command{
		Use:   "plan (--input FILE | --lines N)",
		Short: "Say what a run will take and cost, here and on clusters, before it is begun",
		Long: `Plan runs a sample of the input's own records through the program itself, on this
machine, for a few seconds, and says what the whole input would take and cost on
clusters of several types and sizes, on demand and on the spot market, and here.
It marks the knee, from which on speed costs more than it brings, and gives one
line of advice. Nothing is made, and nothing is kept.

Figures are measured (here, or by earlier runs in this folder), modelled (computed
from others) or defaults (stated, never measured here); docs/cost-model.md has the
formula. Where nothing meets the deadline or the budget the exit code is 1.`,
		Example: `  flashmob plan --input big.csv
  flashmob plan --input big.csv --exec 'python3 classify.py' --deadline 1h --budget 2usd
  flashmob plan --lines 10000000 --calibrate 3.5ms --types c5.4xlarge --sizes 4,8,16
  flashmob plan --input big.csv --rows 1M,10M,100M --region eu-central-1 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runPlan(cmd, flags) },
	}
	flags.run = takeRunFlags(cmd, func(name string) bool { return ofRun[name] })
	f := cmd.Flags()
	f.StringVar(&flags.cloud, "cloud", cloudAWS, "aws or sandbox")
	f.StringVar(&flags.region, "region", defaultRegion, "`REGION`, for its prices")
	f.StringSliceVar(&flags.types, "types", nil, "instance `TYPES` (default: a small and two large ones)")
	f.IntSliceVar(&flags.sizes, "sizes", nil, "hosts that process (default 1,2,4,8,16,32)")
	f.StringSliceVar(&flags.rows, "rows", nil, "`COUNTS` of rows, such as 10k,1M (default: those of the input)")
	f.DurationVar(&flags.deadline, "deadline", 0, "the results are to be here after this `TIME`, from the beginning of up")
	f.Var(&flags.budget, "budget", "what it may cost, such as 2usd")
	f.BoolVar(&flags.spot, "spot", false, "advise on spot prices")
	f.DurationVar(&flags.sampling, "sample", 3*time.Second, "how long to sample, about")
	flags.look.register(f)
	return cmd
}

// check returns what is wrong with the flags.
func (p planFlags) check(f *pflag.FlagSet) error {
	switch {
	case p.cloud != cloudAWS && p.cloud != cloudSandbox:
		return usagef("cloud %q: must be aws or sandbox", p.cloud)
	case p.deadline < 0 || f.Changed("deadline") && p.deadline == 0:
		return usagef("deadline %v: must be above 0", p.deadline)
	case p.sampling <= 0:
		return usagef("sample %v: must be above 0", p.sampling)
	case slices.ContainsFunc(p.sizes, func(n int) bool { return n < 1 }):
		return usagef("sizes %v: must be 1 or more each", p.sizes)
	}
	p.run.local = true
	return p.run.check(f)
}

// A plan is all that plan has to say.
type plan struct {
	App        string      `json:"app"`
	Job        bench.Job   `json:"job"`
	Sample     sampleShown `json:"sample"`
	Counted    bool        `json:"rows_counted"` // else reckoned from the size
	PricesAsOf string      `json:"prices_as_of"`
	PriceNote  string      `json:"price_note,omitempty"`
	PricesFrom string      `json:"prices_from"`
	Region     string      `json:"region"`
	Runs       int         `json:"calibrated_by_runs"`
	Crowded    float64     `json:"crowded"` // how much slower the sample was for what else this machine did
	Options    []option    `json:"options"`
	Advice     string      `json:"advice"`
	Unmet      bool        `json:"unmet,omitempty"` // nothing meets the deadline and the budget
	chosen     *option
	deadline   time.Duration
	budget     float64
	packed     float64 // what is left of a byte of input on its way
}

// sampleShown is what was sampled.
type sampleShown struct {
	Trials  int     `json:"trials"`
	Rows    int64   `json:"rows"`
	Slots   int     `json:"slots"`
	Seconds float64 `json:"seconds"`
}

// An option is one way to run the job.
type option struct {
	bench.Prediction
	SpotDollars bench.Figure `json:"spot_dollars,omitzero"` // the same with workers of the spot market
	Knee        bool         `json:"knee,omitempty"`
	Chosen      bool         `json:"advised,omitempty"`
	spot        bench.Prediction
}

func runPlan(cmd *cobra.Command, flags planFlags) error {
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	if err := flags.check(cmd.Flags()); err != nil {
		return err
	}
	counts, err := rowCounts(flags.rows)
	if err != nil {
		return err
	}
	identity, err := flags.run.identity(cmd.Context())
	if err != nil {
		return err
	}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), displayFlags{json: flags.look.json, quiet: flags.look.quiet})
	f, err := newForecaster(identity, flags.region, show.logger())
	if err != nil {
		return err
	}
	types, err := flags.candidates(f)
	if err != nil {
		return err
	}
	sampled, err := flags.run.sample(ctx, identity, flags.sampling, show)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("plan: %w", errInterrupted)
	case errors.Is(err, orchestrator.ErrNoSample):
		return withHint(usageError{err}, "put a part of it into a file, and plan with --input FILE --rows N")
	case err != nil:
		return err
	}
	p, err := flags.make(f, sampled, types, counts)
	if err != nil {
		return err
	}
	if err := show.result(p, func() { p.text(cmd.OutOrStdout()) }); err != nil {
		return err
	}
	if p.Unmet {
		return withHint(errors.New(p.Advice), "give it more time or money, or try --types and --sizes of your own")
	}
	return nil
}

// candidates are the types to compare.
func (p planFlags) candidates(f *forecaster) ([]string, error) {
	if p.cloud == cloudSandbox && len(p.types) == 0 {
		return []string{"c5.xlarge"}, nil
	}
	if len(p.types) > 0 {
		for _, typ := range p.types {
			if _, err := f.shape(p.cloud, typ, 1, false); err != nil {
				return nil, err
			}
		}
		return p.types, nil
	}
	var types []string
	for _, likes := range [][]string{{"c7g.xlarge", "c6g.xlarge", "c5.xlarge"}, {"c7g.4xlarge", "c6g.4xlarge"}, {"c7i.4xlarge", "c6i.4xlarge", "c5.4xlarge"}} {
		for _, typ := range likes {
			if _, err := f.shape(p.cloud, typ, 1, true); err == nil {
				types = append(types, typ)
				break
			}
		}
	}
	if len(types) == 0 {
		_, err := f.shape(p.cloud, "c5.xlarge", 1, true)
		return nil, err
	}
	return types, nil
}

// make computes the plan.
func (p planFlags) make(f *forecaster, sampled orchestrator.Sampled, types []string, counts []int64) (*plan, error) {
	job := jobOf(sampled, f.identity)
	f.learn(job)
	prices := f.prices.In(p.region)
	out := &plan{
		App: f.identity.App, Job: job, Counted: sampled.Counted, PricesAsOf: prices.AsOf, PriceNote: prices.Note(time.Now()), PricesFrom: f.pricesFrom(),
		Region: p.region,
		Sample: sampleShown{len(sampled.Trials), sampled.Trials[len(sampled.Trials)-1].Rows, sampled.Slots, sampled.Took.Seconds()},
		Runs:   len(f.ledger), Crowded: crowd(sampled), deadline: p.deadline, budget: float64(p.budget), packed: sampled.Packed,
	}
	if len(counts) == 0 {
		counts = []int64{job.Rows}
	}
	sizes := p.sizes
	if len(sizes) == 0 {
		sizes = []int{1, 2, 4, 8, 16, 32}
	}
	for _, rows := range counts {
		job.Rows = rows
		options, err := p.options(f, job, sampled, types, sizes)
		if err != nil {
			return nil, err
		}
		out.choose(options, p.spot)
		out.Options = append(out.Options, options...)
	}
	return out, nil
}

// amidOthers are the constants of a place on this machine, whose cores others have too; those of a cluster they do not have. Earlier runs
// may have met them already.
func amidOthers(k bench.Constants, place string, crowd float64) bench.Constants {
	if crowd > worthCrowd {
		k.Overlap = bench.Most(k.Overlap, bench.Place(place).Overlap.Times(crowd))
	}
	return k
}

// options are all ways to run one job: here first.
func (p planFlags) options(f *forecaster, job bench.Job, sampled orchestrator.Sampled, types []string, sizes []int) ([]option, error) {
	here := amidOthers(f.constants(bench.Local, ""), bench.Local, crowd(sampled))
	options := []option{{Prediction: bench.Predict(job, thisMachine(p.run.workers), here)}}
	packed := sampled.Packed
	for _, typ := range types {
		for _, hosts := range sizes {
			k := f.constants(p.cloud, typ)
			if p.cloud == bench.Sandbox { // its hosts are this machine
				k = amidOthers(k, bench.Sandbox, crowd(sampled))
			}
			k.Packed = bench.Figure{Value: packed, Low: packed, High: packed, Mark: bench.Measured}
			shape, err := f.shape(p.cloud, typ, hosts, false)
			if err != nil {
				return nil, err
			}
			o := option{Prediction: bench.Predict(job, shape, k)}
			if shape, err = f.shape(p.cloud, typ, hosts, true); err == nil {
				o.spot = bench.Predict(job, shape, k)
				o.SpotDollars = o.spot.Dollars
			} else if p.spot {
				return nil, err
			}
			options = append(options, o)
		}
	}
	return options, nil
}
