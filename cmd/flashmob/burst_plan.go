package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"flashmob/apps"
	"flashmob/bench"
	"flashmob/manifest"
	"flashmob/orchestrator"
)

// burstSampling is how long a burst with limits samples its input, about.
const burstSampling = 2 * time.Second

// burstSizes are those that a burst chooses among.
var burstSizes = []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128}

// choose picks the type and the size of the cluster by the deadline and the budget, or says why none keeps them. What the user
// has fixed stays. It returns the job as it was sampled, nil where there are no limits.
func (b *burst) choose(ctx context.Context, identity manifest.Run, show *display) (*bench.Job, error) {
	if !b.run.limited() {
		return nil, nil
	}
	cloud := cmp.Or(b.up.cloud, b.up.remembered())
	f, err := newForecaster(identity, cmp.Or(b.up.spec.Region, defaultRegion), show.logger())
	if err != nil {
		return nil, err
	}
	job, err := b.sampled(ctx, f, cloud, show)
	if err != nil {
		return nil, err
	}
	f.learn(job)
	done, err := b.done(identity)
	if err != nil {
		return nil, err
	}
	job.Rows, job.Batch = max(job.Rows-done, 0), int64(b.run.batchRows)
	plan := planFlags{cloud: cloud}
	if b.up.spec.Type != "" {
		plan.types = []string{b.up.spec.Type}
	}
	types, err := plan.candidates(f)
	if err != nil {
		return nil, err
	}
	sizes := burstSizes
	if b.up.spec.Size > 0 {
		sizes = []int{b.up.spec.Size}
	}
	var all []bench.Prediction
	for _, typ := range types {
		for _, size := range sizes {
			if size > b.run.maxHosts && b.up.spec.Size == 0 {
				continue
			}
			shape, err := f.shape(cloud, typ, size, b.up.spec.Spot)
			if err != nil {
				return nil, err
			}
			all = append(all, f.predict(job, shape))
		}
	}
	limits := b.run.limits()
	best := bench.Within(all, limits.Deadline, limits.Budget)
	if best < 0 {
		return nil, withHint(usageError{fmt.Errorf("burst: %s", unmet(all, limits.Deadline, limits.Budget))},
			"flashmob plan shows what there is; it takes more time, more money, or --max-hosts")
	}
	why := "the cheapest that is done in time"
	if knee := bench.Knee(all); limits.Deadline == 0 && all[knee].Dollars.Value <= limits.Budget {
		best, why = knee, "the knee: beyond it speed costs more than it brings"
	}
	if b.up.spec.Size > 0 {
		why = "as was said"
	}
	if here := f.predict(job, thisMachine(0)); limits.Deadline > 0 && here.Results.Value <= limits.Deadline.Seconds() {
		show.logger().Info("this machine would be done in time too, for $0: flashmob run --local", "predicted", bench.Seconds(here.Results.Value))
	}
	if note := f.pricesNote(); note != "" {
		why += ", by " + note
	}
	chosen := all[best]
	b.up.spec.Type, b.up.spec.Size = chosen.Shape.Type, chosen.Shape.Hosts
	show.logger().Info("decided: "+described(chosen.Shape), "because", fmt.Sprintf("%s, %s predicted: %s",
		bench.Seconds(chosen.Results.Value), bench.Money(chosen.Dollars.Value), why))
	return &job, nil
}

// done is how many rows a run that is resumed has already.
func (b *burst) done(identity manifest.Run) (int64, error) {
	if !b.run.resume {
		return 0, nil
	}
	f, err := apps.New(identity.App, identity.Settings)
	if err != nil || len(f.Keyed()) > 0 { // keyed state begins anew
		return 0, err
	}
	folder, err := manifest.Resume(b.run.output)
	if err != nil {
		return 0, err
	}
	return folder.Totals.In, folder.Close()
}

// sampled is the burst's job as a sample of it here has it; where none can be taken, as earlier runs have it.
func (b *burst) sampled(ctx context.Context, f *forecaster, cloud string, show *display) (bench.Job, error) {
	s, err := b.run.sample(ctx, f.identity, burstSampling, show)
	if err == nil {
		return jobOf(s, f.identity), nil
	}
	if job, ok := f.jobFromLedger(cloud); ok {
		return job, nil
	}
	if errors.Is(err, orchestrator.ErrNoSample) {
		err = usageError{err}
	}
	return bench.Job{}, withHint(fmt.Errorf("burst: sample for the deadline or the budget: %w", err), "--size N without limits needs no sample")
}
