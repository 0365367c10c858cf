package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"flashmob/bench"
	"flashmob/infra"
	"flashmob/input"
	"flashmob/manifest"
	"flashmob/orchestrator"
)

// ledgerFolder is where the records of runs are kept.
const ledgerFolder = ".flashmob/runs"

// forecaster says what runs of one program will take and cost.
type forecaster struct {
	identity manifest.Run
	ledger   bench.Ledger
	prices   infra.Prices
	region   string
	diskGB   int
}

// newForecaster reads what is known: prices, and earlier runs in this folder. Records that cannot be read are told, and done
// without.
func newForecaster(identity manifest.Run, region string, log *slog.Logger) (*forecaster, error) {
	ledger, err := bench.ReadLedger(ledgerFolder)
	if err != nil {
		log.Warn("not all records of runs can be read: the forecast does without them", "err", err)
	}
	prices, err := infra.Files{}.KnownPrices()
	if err != nil {
		return nil, err
	}
	return &forecaster{identity, ledger, prices, region, (infra.Spec{}).WithDefaults().DiskGB}, nil
}

// pricesFrom says where the prices of the region come from.
func (f *forecaster) pricesFrom() string {
	if fetched, err := (infra.Files{}).FetchedPrices(); err == nil && slices.Contains(fetched.Regions(), f.region) {
		return infra.Files{}.Prices()
	}
	return "flashmob's own table"
}

// priced says what prices dollars are reckoned with, and of what date they are.
func (f *forecaster) priced() string {
	return fmt.Sprintf("%s, list prices as of %s, spot typical, from %s", f.region, f.prices.In(f.region).AsOf, f.pricesFrom())
}

// pricesNote says of what date the prices are that a decision about money rests on, if that is long ago; else it is empty.
func (f *forecaster) pricesNote() string { return f.prices.In(f.region).Note(time.Now()) }

// learn takes in a sample of the program: what earlier runs of it took says more beside what a row takes alone.
func (f *forecaster) learn(job bench.Job) {
	f.ledger = f.ledger.Supposing(f.identity.App, f.identity.Settings, job)
}

// travels says whether the input has to be brought to a cluster.
func travels(identity manifest.Run) bool {
	return slices.ContainsFunc(identity.Inputs, func(in input.Input) bool { return !in.IsGenerated() && filepath.IsAbs(in.URI) })
}

// constants are what is known of a place.
func (f *forecaster) constants(cloud, typ string) bench.Constants {
	return bench.Place(cloud).Calibrate(f.ledger.In(cloud, typ), f.identity.App, f.identity.Settings)
}

// thisMachine is this machine as the place of a run.
func thisMachine(workers int) bench.Shape {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return bench.Shape{Cloud: bench.Local, Slots: workers, Cores: runtime.GOMAXPROCS(0)}
}

// localShape is where a run on this machine runs.
func (flags runFlags) localShape() bench.Shape {
	return thisMachine(max(flags.workers, flags.processes))
}

// shape is a cluster of hosts as the place of a run. A type without a price, or a spot price, is an error.
func (f *forecaster) shape(cloud, typ string, hosts int, spot bool) (bench.Shape, error) {
	s := bench.Shape{Cloud: cloud, Type: typ, Hosts: hosts, Spot: spot}
	spec := infra.Spec{Size: hosts, Type: typ, Spot: spot, Region: f.region}.WithDefaults()
	var err error
	if s.Slots, err = infra.VCPUs(typ); err != nil {
		return s, usageError{err}
	}
	if cloud == bench.Sandbox { // its hosts have what this machine has, all together
		s.Slots, s.Cores = runtime.GOMAXPROCS(0), runtime.GOMAXPROCS(0)
	}
	if s.HostRate, err = f.prices.HostHourly(f.region, typ, spot, f.diskGB); err != nil {
		return s, unpriced(err, f.prices, typ)
	}
	if spot { // the initializer is never bought there: its price is shared out among all
		fixed, err := f.prices.HostHourly(f.region, typ, false, f.diskGB)
		if err != nil {
			return s, unpriced(err, f.prices, typ)
		}
		s.HostRate += (fixed - s.HostRate) / float64(hosts)
	}
	if s.MetricsRate, err = f.prices.HostHourly(f.region, spec.MetricsType, false, f.diskGB); err != nil {
		return s, unpriced(err, f.prices, spec.MetricsType)
	}
	return s, nil
}

// predict says what the job takes on a shape.
func (f *forecaster) predict(job bench.Job, shape bench.Shape) bench.Prediction {
	return bench.Predict(job, shape, f.constants(shape.Cloud, shape.Type))
}

// jobOf is a job as a sample of it has it.
func jobOf(s orchestrator.Sampled, identity manifest.Run) bench.Job {
	last := s.Trials[len(s.Trials)-1].Rows
	begin, idle := beginning(s), idle(s)
	slots := thisMachine(s.Slots).AtOnce(idle)
	var rows []float64
	for _, trial := range s.Trials {
		if trial.Rows == last {
			rows = append(rows, max(trial.Took.Seconds()/crowded(trial, s)-begin, 1e-9)*slots/float64(trial.Rows))
		}
	}
	source := fmt.Sprintf("%d trials of %s rows on %d slots here", len(rows), groups(last), s.Slots)
	per := func(bytes int64) bench.Figure {
		f := bench.Exactly(float64(bytes) / float64(last))
		f.Mark, f.Source = bench.Measured, source
		return f
	}
	job := bench.Job{Rows: int64(s.Rows + 0.5), Row: bench.Seen(rows, source), In: per(s.Bytes), Out: per(s.Results), Travels: travels(identity), Again: s.Started, Idle: idle}
	if begin > 0 {
		job.Begin = bench.Seen([]float64{begin}, source)
	}
	return job
}

// crowded is by how much a trial was slower because others had the machine's cores: where every core was busy all the time, what
// counts is the CPU time that the trial had. Of a program that is not ours nobody knows what it waits for: its time counts as it is.
func crowded(trial orchestrator.Trial, s orchestrator.Sampled) float64 {
	took, cores := trial.Took.Seconds(), float64(runtime.NumCPU())
	busy := trial.Own.Seconds() + trial.Others.Seconds()
	if s.Operator || took < 0.1 || busy < 0.9*cores*took || trial.Others.Seconds() < 0.05*busy || trial.Own.Seconds() <= 0 {
		return 1
	}
	return max(1, took*thisMachine(s.Slots).AtOnce(0)/trial.Own.Seconds())
}

// idle is the share of its time in which a program of the user's own needed no core: it waits for a disk, a network, a clock. A
// machine that was full tells nothing of that.
func idle(s orchestrator.Sampled) float64 {
	var shares []float64
	for _, trial := range s.Trials {
		took := trial.Took.Seconds()
		if busy := (trial.Own + trial.Others).Seconds(); s.Operator && took >= 0.1 && busy < 0.8*took*float64(runtime.NumCPU()) {
			shares = append(shares, 1-trial.Own.Seconds()/(took*float64(s.Slots)))
		}
	}
	const worthSaying = 0.2
	if share := bench.Median(shares); len(shares) > 0 && share > worthSaying {
		return share
	}
	return 0
}

// worthCrowd is how crowded a machine must be for that to be said.
const worthCrowd = 1.05

// crowd is how crowded the machine was in the trials that count.
func crowd(s orchestrator.Sampled) float64 {
	var all []float64
	for _, trial := range s.Trials {
		if trial.Rows == s.Trials[len(s.Trials)-1].Rows {
			all = append(all, crowded(trial, s))
		}
	}
	return bench.Median(all)
}

// leastWork is the share of a large trial that its rows take at least: where a program's starts differ by more than that, nothing tells
// one from the other, and rows that take no time at all would be worse than some that take too long.
const leastWork = 0.2

// beginning is what a slot takes before its first row: what a program of the user's own needs to start. The least of the large
// trials and of the first ones tell it; a flow of ours begins at once.
func beginning(s orchestrator.Sampled) float64 {
	first, last := s.First(), s.Trials[len(s.Trials)-1].Rows
	if !s.Operator || last < 4*first.Rows {
		return 0
	}
	least := time.Duration(math.MaxInt64)
	for _, trial := range s.Trials {
		if trial.Rows == last {
			least = min(least, trial.Took)
		}
	}
	perRow := max(0, (least-first.Took).Seconds()) / float64(last-first.Rows)
	return max(0, min(first.Took.Seconds(), (1-leastWork)*least.Seconds())-perRow*float64(first.Rows))
}

// sample times some of the run's records on this machine.
func (flags runFlags) sample(ctx context.Context, identity manifest.Run, patience time.Duration, show *display) (orchestrator.Sampled, error) {
	quiet := *show
	quiet.displayFlags = displayFlags{quiet: true}
	env, err := flags.environment()
	if err != nil {
		return orchestrator.Sampled{}, err
	}
	config := flags.localConfig(identity, "", env, &quiet)
	config.Processes, config.Listen = 0, ""
	s, err := orchestrator.Sample(ctx, config, patience, bench.Usage)
	if err == nil && s.Trials[len(s.Trials)-1].Rows == 0 {
		err = errNoRows
	}
	return s, err
}

// errNoRows says that there is nothing to forecast.
var errNoRows = errors.New("the input has no rows: nothing can be said of what they take")
