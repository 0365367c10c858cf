package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"flashmob/bench"
	"flashmob/infra"
	"flashmob/manifest"
)

// notForBurst are flags of run that mean other hosts than those that burst makes.
var notForBurst = map[string]bool{
	"local": true, "inventory": true, "attach": true, "detach": true, "processes": true, "workers": true, "listen": true, "sample": true,
}

// burst is a cluster for one run.
type burst struct {
	cmd *cobra.Command
	up  upFlags
	run *runFlags
}

func newBurstCommand() *cobra.Command { return newBurst().cmd }

// newBurst returns the command, and where its flags go.
func newBurst() *burst {
	b := &burst{}
	b.cmd = &cobra.Command{
		Use:   "burst (--size N | --deadline TIME | --budget DOLLARS) (--input FILE | --lines N) [-o FOLDER]",
		Short: "Make a cluster, run, and end the cluster, whatever happens",
		Long: `Burst is flashmob up, run, results and down in one. The cluster is ended whatever
happens: when it cannot be made whole, when the run fails, at Ctrl-C, when the
terminal is closed. Only a second Ctrl-C while it is being ended leaves something
behind: then flashmob down ends the rest, and without that every host ends itself
after --ttl or --idle.

With --deadline or --budget it samples the input, picks type and size of the cluster,
and keeps to them while the run goes on: hosts are added when the deadline slips and
the budget bears it, and let go when they are not needed. At the budget's end the run
stops with what is done kept, and --resume goes on with it.

The exit code is the run's, or 4 if anything is left in the cloud.`,
		Example: `  flashmob burst --size 3 --input big.csv -o output
  flashmob burst --size 8 --type c7g.4xlarge --spot --input big.csv -o output --yes
  flashmob burst --deadline 1h --budget 2usd --input big.csv -o output
  flashmob burst --size 3 --lines 1000000 -o output --cloud sandbox`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return b.start() },
	}
	b.up.register(b.cmd)
	b.run = takeRunFlags(b.cmd, func(name string) bool { return !notForBurst[name] && b.cmd.Flags().Lookup(name) == nil })
	runFileFlag(b.cmd.Flags())
	return b
}

// start checks all that can be checked before anything costs money, then goes.
func (b *burst) start() error {
	if _, err := layer(b.cmd, known(b.cmd.Flags())); err != nil {
		return err
	}
	b.run.stack, b.run.display = b.up.stack, b.up.display
	if err := errors.Join(b.up.check(b.cmd.Flags()), b.run.check(b.cmd.Flags())); err != nil {
		return err
	}
	if b.up.spec.Size > 0 && b.run.minHosts > b.up.spec.Size {
		return usagef("min-hosts %d: the cluster is to have %d that process", b.run.minHosts, b.up.spec.Size)
	}
	if b.up.spec.Size > 0 && b.run.replicas > b.up.spec.Size {
		return usagef("replicas %d: the cluster is to have %d that process", b.run.replicas, b.up.spec.Size)
	}
	b.up.spec.MinHosts = b.run.minHosts
	record, err := infra.ReadRecord(b.up.files().Record())
	if err == nil && record.State == infra.Up {
		return withHint(usagef("burst: cluster %s is up, and burst would end it", record.Spec.Stack),
			"flashmob run works on it, flashmob down ends it, --stack NAME makes another beside it")
	}
	if err := b.run.stage(); err != nil {
		return err
	}
	identity, err := b.run.identity(b.cmd.Context())
	if err != nil {
		return err
	}
	if done, err := b.run.prepareFolder(identity, b.cmd); done || err != nil {
		return err
	}
	begun := time.Now()
	sampling, stop := interruptible(b.cmd.Context())
	job, err := b.choose(sampling, identity, newDisplay(b.cmd.OutOrStdout(), b.cmd.ErrOrStderr(), b.up.display))
	stop()
	if err != nil {
		return err
	}
	return b.perform(identity, job, begun)
}

// perform makes the cluster, runs, and ends the cluster. job is what was sampled of it, if it was; begun is when the command began.
func (b *burst) perform(identity manifest.Run, job *bench.Job, begun time.Time) error {
	// From here on no signal ends this program by itself: what was made has to be ended first.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	ctx, hangUp := context.WithCancelCause(b.cmd.Context())
	defer hangUp(nil)
	downCtx, leave := context.WithCancelCause(context.WithoutCancel(ctx))
	defer leave(nil)
	var interrupted, running, ending atomic.Bool
	show := newDisplay(b.cmd.OutOrStdout(), b.cmd.ErrOrStderr(), b.up.display)
	show.split, show.heeds = b.run.split, func() { running.Store(true) }
	go func() {
		for said := false; ; {
			var s os.Signal
			select {
			case s = <-signals:
			case <-downCtx.Done():
				return
			}
			interrupted.Store(true)
			switch {
			case !ending.Load() && (s == syscall.SIGHUP || !running.Load()):
				hangUp(errInterrupted) // the others are the run's to heed, once it does
			case ending.Load() && !said && s != syscall.SIGHUP:
				said = true
				show.logger().Warn("ending the cluster first; once more leaves the rest of it to flashmob down")
			case ending.Load() && s != syscall.SIGHUP:
				leave(errInterrupted)
			}
		}
	}()

	making := time.Now()
	show.record = b.reckon(identity, job, show)
	upCtx, stop := interruptible(ctx)
	err := b.up.up(upCtx, b.cmd)
	stop()
	upTook := time.Since(making)
	if made := madeNothing(err); made {
		return err
	}
	phases := []manifest.Phase{{Name: "provision", Seconds: upTook.Seconds()}}
	if err == nil && interrupted.Load() {
		err = fmt.Errorf("burst: %w", errInterrupted)
	}
	if err == nil {
		var ran []manifest.Phase
		ran, err = b.run.runOnHosts(ctx, identity, show, begun)
		phases = append(phases, ran...)
	}
	ending.Store(true)
	downBegun := time.Now()
	down := downFlags{cloudFlags: b.up.cloudFlags, region: b.up.spec.Region, display: b.up.display}
	downErr := down.down(downCtx, b.cmd)
	destroy := manifest.Phase{Name: "destroy", Seconds: time.Since(downBegun).Seconds()}
	show.record.paid(down.receipt)
	show.record.add([]manifest.Phase{phases[0], destroy})
	show.record.entry.Actual.Seconds = time.Since(making).Seconds()
	said := show.keepRecord()
	if downErr != nil {
		return b.left(downErr, err)
	}
	phases = append(phases, destroy)
	if shown := show.breakdown("burst", phases, time.Since(making)); err == nil {
		err = shown
	}
	if said != "" && !show.json && !show.quiet {
		fmt.Fprintf(show.out, "forecast  %s\n", said)
	}
	return err
}

// reckon begins the record of the burst as a whole.
func (b *burst) reckon(identity manifest.Run, job *bench.Job, show *display) *reckoning {
	f := &forecaster{region: cmp.Or(b.up.spec.Region, defaultRegion), diskGB: b.up.spec.WithDefaults().DiskGB}
	shape := bench.Shape{Cloud: cmp.Or(b.up.cloud, b.up.remembered()), Hosts: b.size(), Slots: 1}
	typ := b.up.typeFor(shape.Cloud)
	unpriced := ""
	var err error
	if f.prices, err = b.up.files().KnownPrices(); err == nil {
		var priced bench.Shape
		if priced, err = f.shape(shape.Cloud, typ, shape.Hosts, b.up.spec.Spot); err == nil {
			shape = priced
		}
	}
	if err != nil {
		unpriced = err.Error()
	}
	r := b.run.reckon(identity, shape, show.logger())
	r.holdBack, r.entry.Actual.Unpriced = true, unpriced
	if job != nil {
		if sampled, err := newForecaster(identity, f.region, show.logger()); err == nil { // it could be made a moment ago
			sampled.learn(*job)
			r.expect(sampled, *job)
		}
	}
	return r
}

// size is how many hosts will process: as was said, or as last time.
func (b *burst) size() int {
	if b.up.spec.Size == 0 {
		if record, err := infra.ReadRecord(b.up.files().Record()); err == nil {
			return max(record.Spec.Size, 1)
		}
	}
	return max(b.up.spec.Size, 1)
}

// madeNothing says that up was refused before anything was made: there is nothing to end, or it is somebody else's.
func madeNothing(err error) bool {
	var usage usageError
	var locked *infra.LockedError
	return errors.As(err, &usage) || errors.As(err, &locked) || errors.Is(err, infra.ErrNoSize) || errors.Is(err, errNoProgram)
}

// left is the error of a burst whose cluster is not gone; what it says of the run does not choose the exit code.
func (b *burst) left(downErr, runErr error) error {
	text := fmt.Sprintf("burst: the cluster is not gone: %v", downErr)
	if runErr != nil && !errors.Is(runErr, errRejects) {
		text += fmt.Sprintf("\nthe run: %v", runErr)
	}
	return withHint(infraError{errors.New(text)}, "flashmob down ends the rest of it")
}
