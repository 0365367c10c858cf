package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/pflag"

	"flashmob/worker"
)

// clusterRunFlags are the flags of a run that only mean something on other hosts.
type clusterRunFlags struct {
	setup       []string
	files       []string
	detach      bool
	evict       bool
	minHosts    int
	hostTimeout time.Duration
	sync        string
	ackWait     time.Duration
	snapshots   time.Duration
	replicas    int
}

func (c *clusterRunFlags) register(f *pflag.FlagSet) {
	f.StringArrayVar(&c.files, "file", nil, "`FILE` or folder that every host gets into the run's working folder; may be given several times")
	f.StringArrayVar(&c.setup, "setup", nil, "shell `COMMAND` that every host runs first, in the working folder; may be given several times")
	f.BoolVar(&c.detach, "detach", false, "leave once the input is in the cluster and its hosts are at work; --attach brings the results home")
	f.BoolVar(&c.evict, "evict", false, "stop whatever other run goes on on the hosts")
	f.IntVar(&c.replicas, "replicas", 1, "so many hosts have the log, 1, 3 or 5, and any of them may be lost as long as most are there; with --local, processes")
	f.IntVar(&c.minHosts, "min-hosts", 1, "go on with `N` hosts that process, when others do not come up; fail with fewer")
	f.DurationVar(&c.hostTimeout, "host-timeout", 2*time.Minute, "give up a host that does not answer for so long")
	f.StringVar(&c.sync, "sync", "", "`always`: the initializer's disk has all that is said to be kept, so that losing power loses nothing (default: the kernel writes it out when it likes)")
	f.DurationVar(&c.ackWait, "ack-wait", worker.AckWait, "a batch whose worker has given no sign of life for so long is handed to another")
	f.DurationVar(&c.snapshots, "snapshot-every", worker.SnapshotEvery, "with state by key, what a new owner has to go through again was put out within so long")
}

// syncAlways is the value of --sync that lets the initializer's disk have everything first.
const syncAlways = "always"

// onlyOnHosts are the names of those flags.
var onlyOnHosts = []string{"file", "setup", "detach", "evict", "min-hosts", "host-timeout", "sync", "ack-wait", "snapshot-every"}

// check returns what is wrong with the flags, before anything is touched.
func (c clusterRunFlags) check(f *pflag.FlagSet, local, attach bool) error {
	for _, name := range onlyOnHosts {
		switch {
		case local && f.Changed(name):
			return usagef("run: --%s is for runs on hosts, not for --local", name)
		case attach && f.Changed("replicas"):
			return usagef("run: --replicas is for a run that begins, not for --attach")
		case attach && f.Changed(name) && name != "host-timeout":
			return usagef("run: --%s is for a run that begins, not for --attach", name)
		}
	}
	if err := worker.CheckReplicas(c.replicas); err != nil {
		return withHint(usageError{err}, "--replicas 3 survives the loss of any one host, --replicas 5 that of any two")
	}
	switch {
	case c.sync != "" && c.sync != syncAlways:
		return usagef("sync %q: must be %s, or left out", c.sync, syncAlways)
	case c.minHosts < 1:
		return usagef("min-hosts %d: must be 1 or more", c.minHosts)
	case c.ackWait < 100*time.Millisecond:
		return usagef("ack-wait %v: must be 100ms or more", c.ackWait)
	case c.snapshots < 100*time.Millisecond:
		return usagef("snapshot-every %v: must be 100ms or more", c.snapshots)
	case c.hostTimeout <= 0:
		return usagef("host-timeout %v: must be above 0", c.hostTimeout)
	}
	for _, file := range c.files {
		if _, err := os.Stat(file); err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return fmt.Errorf("file %q: %w", file, err)
		}
	}
	return nil
}
