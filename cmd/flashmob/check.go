package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"flashmob/manifest"
)

// maxMaxRecord is the longest record that can be asked for: one is held in memory whole, by every slot.
const maxMaxRecord = 1 << 30

// check returns what is wrong with the flags, before anything is touched.
func (flags runFlags) check(f *pflag.FlagSet) error {
	if err := excluded(f); err != nil {
		return err
	}
	if err := flags.clusterRunFlags.check(f, flags.local, flags.attach); err != nil && !(flags.attach && flags.local) {
		return err
	}
	switch {
	case flags.attach && flags.local:
		return usagef("run: --attach is for runs in a cluster")
	case flags.attach:
		return flags.checkLimits(f)
	case !flags.local && flags.processes > 0, !flags.local && flags.workers > 0:
		return withHint(usagef("run: --processes and --workers are for runs on this machine"), "add --local")
	case f.Changed("lines") == (len(flags.inputs) > 0):
		return withHint(usagef("run: one of --input and --lines is needed"), "try flashmob run --local --lines 1000000 -o output")
	case flags.lines < 0 || flags.lines > mostRows:
		return usagef("lines %d: must be between 0 and %s", flags.lines, groups(mostRows))
	case flags.output == "":
		return usagef("output %q: must name a folder", flags.output)
	case f.Changed("workers") && flags.workers < 1:
		return usagef("workers %d: must be 1 or more", flags.workers)
	case flags.processes < 0:
		return usagef("processes %d: must be 0 or more", flags.processes)
	case f.Changed("workers") && flags.workers < flags.processes:
		return withHint(usagef("workers %d: every one of %d processes needs one", flags.workers, flags.processes),
			"leave --workers out for one slot a core, or one a process")
	case flags.order != inputOrder && flags.order != manifest.NoOrder:
		return usagef("order %q: must be input or none", flags.order)
	case flags.sampled < 0, flags.split < 0:
		return usagef("run: --sample and --split must be 0 or more")
	case flags.batchRows < 0:
		return usagef("batch-rows %d: must be 0 or more", flags.batchRows)
	case flags.maxRecord < 1 || flags.maxRecord > maxMaxRecord:
		return usagef("max-record %s: must be between 1 byte and %s", flags.maxRecord, size(maxMaxRecord))
	}
	if err := errors.Join(flags.checkStreams(), flags.checkReplicas()); err != nil {
		return err
	}
	if err := errors.Join(flags.appFlags.check(f), flags.execFlags.check(f), flags.checkLimits(f)); err != nil {
		return err
	}
	if err := checkDashboard(flags.dashboard); err != nil {
		return err
	}
	return flags.checkListen()
}

// inputOrder is the order of results where nothing else is said.
const inputOrder = "input"

// excluding lists flags that would have no effect beside another, or the opposite one. A flag that silently does
// nothing is worse than an error.
var excluding = [][2]string{{"resume", "force"}, {"quiet", "verbose"}, {"quiet", "json"}, {"input", "seed"}}

func excluded(f *pflag.FlagSet) error {
	for _, pair := range excluding {
		if f.Changed(pair[0]) && f.Changed(pair[1]) {
			return usagef("run: --%s and --%s exclude each other", pair[0], pair[1])
		}
	}
	return nil
}

// checkStreams returns what is wrong with the flags of runs that programs send to and receive from.
func (flags runFlags) checkStreams() error {
	listens := flags.listens()
	switch {
	case !flags.local && (listens || flags.sink != "" || flags.external != ""):
		return withHint(usagef("run: tcp inputs, --sink and --external are for runs on this machine"), "add --local")
	case flags.messages < 0:
		return usagef("messages %d: must be 0 or more", flags.messages)
	case flags.messages > 0 && !listens:
		return usagef("messages %d: no input listens", flags.messages)
	}
	for flag, address := range map[string]string{"sink": strings.TrimPrefix(flags.sink, "tcp://"), "external": flags.external} {
		if _, _, err := net.SplitHostPort(address); address != "" && err != nil {
			return usagef("%s %q: must be HOST:PORT, such as 127.0.0.1:7002", flag, address)
		}
	}
	return nil
}

// checkReplicas returns what is wrong with the flags of a run on this machine whose log has replicas.
func (flags runFlags) checkReplicas() error {
	switch {
	case !flags.local || flags.replicas == 1:
		return nil
	case flags.processes < flags.replicas:
		return withHint(usagef("replicas %d: each is in a process of its own", flags.replicas), "add --processes %d, or more", flags.replicas)
	case flags.sink != "" || flags.external != "" || flags.listen != "" || flags.listens():
		return usagef("run: tcp inputs, --sink, --external and --listen go with one log, not with --replicas")
	case flags.dashboard != "":
		return usagef("run: --dashboard goes with one log on this machine, not with --replicas")
	}
	return nil
}

// listens reports whether an input takes what others send.
func (flags runFlags) listens() bool {
	return slices.ContainsFunc(flags.inputs, func(uri string) bool { return strings.HasPrefix(uri, "tcp://") })
}

func (flags runFlags) checkListen() error {
	if flags.listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(flags.listen); err != nil {
		return usagef("listen %q: must be HOST:PORT, such as 127.0.0.1:4222", flags.listen)
	}
	if flags.processes == 0 {
		return withHint(usagef("listen %s: nobody would connect there", flags.listen), "--processes N starts processes that do")
	}
	return nil
}

// errNoProgram says that the worker's program is missing.
var errNoProgram = errors.New("no such program")

// workerVariable names the worker's program where it does not stand beside this one.
const workerVariable = "FLASHMOB_WORKER"

// workerProgram returns where the worker's program is, if one is needed.
func (flags runFlags) workerProgram() (string, error) {
	if flags.processes == 0 {
		return "", nil
	}
	program := os.Getenv(workerVariable)
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		program = filepath.Join(filepath.Dir(self), "worker")
	}
	if _, err := exec.LookPath(program); err != nil {
		return "", withHint(&os.PathError{Op: "start workers", Path: program, Err: errNoProgram},
			"make build puts it beside flashmob; %s=PATH names another", workerVariable)
	}
	return program, nil
}
