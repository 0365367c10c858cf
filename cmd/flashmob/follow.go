package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"flashmob/manifest"
	"flashmob/orchestrator"
	"flashmob/timeline"
	"flashmob/worker"
)

// showEvery is how often progress is shown.
const showEvery = 200 * time.Millisecond

// runner is a run that can be followed: on this machine, or on a cluster.
type runner interface {
	Run(ctx context.Context) (*manifest.Manifest, error)
	Drain()
	Status() (status worker.Status, known bool)
	Phases() []manifest.Phase
	Spans() []timeline.Span
}

// follow runs a run to its end, showing how far it is and minding Ctrl-C: the first drains, the second stops.
// begun says that the folder output holds a part of the run already.
func follow(ctx context.Context, run runner, show *display, output string, begun bool) (err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if show.heeds != nil {
		show.heeds()
	}

	var result struct {
		m   *manifest.Manifest
		err error
	}
	started := time.Now()
	defer func() {
		if !errors.Is(result.err, orchestrator.ErrDetached) {
			show.writeReport(output, run, result.m, time.Since(started), err)
		}
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		result.m, result.err = run.Run(ctx)
	}()
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	for interrupts := 0; ; {
		select {
		case <-tick.C:
			switch status, ok := run.Status(); {
			case ok:
				show.update(ctx, status, run.Drain)
			case show.steers != nil: // hosts cost money before they say anything
				show.steers.look(ctx, status, -1, func() { stop(errBudget) })
			}
			continue
		case <-signals:
			if interrupts++; interrupts > 1 {
				stop(errInterrupted)
				continue
			}
			if !show.draining { // the end of a budget may have drained it already
				run.Drain()
			}
			show.draining = true
			if !show.quiet {
				fmt.Fprintln(show.view, "finishing what is under way; Ctrl-C again stops at once")
			}
			continue
		case <-ended:
		}
		break
	}
	show.view.close()
	if result.err == nil {
		return show.summary(output, result.m, run.Phases(), time.Since(started))
	}
	if errors.Is(result.err, orchestrator.ErrDetached) {
		return show.detached(output)
	}
	show.broke(output, run, time.Since(started), result.err)
	if status, ok := run.Status(); ok && errors.Is(result.err, worker.ErrDrained) {
		return withHint(fmt.Errorf("run in %s: %w: %s rows are done", output, errInterrupted, groups(status.Tally.In)),
			"the same command with --resume does the rest")
	}
	if errors.Is(context.Cause(ctx), errInterrupted) {
		return withHint(fmt.Errorf("run in %s: %w", output, errInterrupted), "the same command with --resume does the rest")
	}
	if _, ok := run.Status(); !ok && !begun {
		return errors.Join(result.err, discard(output, result.err))
	}
	return result.err
}

// broke keeps the record of a run that has not come to its end, as far as it got.
func (d *display) broke(output string, run runner, wall time.Duration, err error) {
	status, known := run.Status()
	id, idErr := manifest.IDIn(output)
	if d.record == nil || !known || idErr != nil || id == "" {
		return // it never began
	}
	d.record.broke(id, status, run.Phases(), wall, err)
	if !d.record.holdBack {
		d.keepRecord()
	}
}
