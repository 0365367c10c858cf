package main

import (
	"time"

	"github.com/spf13/pflag"

	"flashmob/bench"
)

// limitFlags are what a run has to keep to.
type limitFlags struct {
	deadline time.Duration
	budget   dollars
	maxHosts int
}

func (l *limitFlags) register(f *pflag.FlagSet) {
	f.DurationVar(&l.deadline, "deadline", 0, "have the results home after this `TIME` from now: the cluster grows when that slips, and shrinks when it is not needed")
	f.Var(&l.budget, "budget", "stop before it costs more than this, such as 2usd, with what is done kept")
	f.IntVar(&l.maxHosts, "max-hosts", 32, "with --deadline, never more hosts that process than this")
}

// limits are the flags as the model takes them.
func (l limitFlags) limits() bench.Limits {
	return bench.Limits{Deadline: l.deadline, Budget: float64(l.budget)}
}

// limited says whether there are any.
func (l limitFlags) limited() bool { return l.deadline > 0 || l.budget > 0 }

// check returns what is wrong with the flags.
func (l limitFlags) check(f *pflag.FlagSet) error {
	switch {
	case f.Lookup("max-hosts") == nil: // plan's limits are its own
		return nil
	case f.Changed("deadline") && l.deadline <= 0:
		return usagef("deadline %v: must be above 0", l.deadline)
	case l.maxHosts < 1:
		return usagef("max-hosts %d: must be 1 or more", l.maxHosts)
	case f.Changed("max-hosts") && l.deadline == 0:
		return usagef("run: --max-hosts is for runs with a --deadline")
	}
	return nil
}

// checkLimits returns what is wrong with the limits of a run.
func (flags runFlags) checkLimits(f *pflag.FlagSet) error {
	switch {
	case flags.limited() && flags.local:
		return usagef("run: --deadline and --budget are for clusters: a run on this machine costs nothing and cannot grow")
	case flags.limited() && flags.inventory != "":
		return usagef("run: --deadline and --budget are for clusters that flashmob made: others it cannot let grow, and knows no price of")
	case flags.limited() && flags.attach:
		return usagef("run: --deadline and --budget are for a run that begins, not for --attach")
	case flags.limited() && flags.detach:
		return usagef("run: --deadline and --budget need somebody who watches: leave --detach out")
	}
	return flags.limitFlags.check(f)
}
