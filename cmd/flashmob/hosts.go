package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flashmob/apps"
	"flashmob/dashboard"
	"flashmob/infra"
	"flashmob/inventory"
	"flashmob/manifest"
	"flashmob/orchestrator"
)

// errNoCluster says that there are no hosts to run on.
var errNoCluster = errors.New("there is no cluster")

// hosts returns the inventory that a command works on: the one that is named, or that of the cluster.
func hosts(named, stack string) (inventory.Inventory, error) {
	path := named
	if path == "" {
		path = cloudFlags{stack: stack}.files().Inventory()
	}
	inv, err := inventory.Read(path)
	if named == "" && errors.Is(err, fs.ErrNotExist) {
		return inv, withHint(errNoCluster, "flashmob up --size 3 makes one, -i FILE names hosts of your own, --local runs on this machine")
	}
	return inv, err
}

// runOnHosts runs on the hosts of an inventory, and returns how long the phases took. begun is when the command began: a deadline
// counts from there.
func (flags runFlags) runOnHosts(ctx context.Context, identity manifest.Run, show *display, begun time.Time) (phases []manifest.Phase, err error) {
	inv, err := flags.hosts()
	if flags.inventory == "" && !flags.local {
		leave, refused := enterRun(cloudFlags{stack: flags.stack}.files(), err == nil)
		if refused != nil {
			return nil, refused
		}
		defer func() { err = errors.Join(err, leave()) }()
	}
	if err != nil {
		return nil, err
	}
	env, err := flags.environment()
	if err != nil {
		return nil, err
	}
	var rekey func(host string, install func(private string) error) error
	var ended func(ctx context.Context, host string) (string, error)
	if flags.inventory == "" && !flags.local { // hosts that flashmob made
		rekey, ended = cloudFlags{stack: flags.stack}.files().Rekey, newFates(flags.stack).ended
	}
	var page forwarder
	defer page.close()
	run, err := orchestrator.NewCluster(orchestrator.ClusterConfig{
		Page:  func(dial dialer) { page.open(cmp.Or(flags.dashboard, dashboard.Address), dial, show.logger()) },
		Tell:  flags.teller(),
		Rekey: rekey, Ended: ended, Inventory: inv, Reread: flags.hosts,
		Identity: identity, Output: flags.output, Attach: flags.attach, BatchRows: flags.batchRows,
		By: infra.Me("run").String(), Replaces: flags.replaces, Evict: flags.evict,
		Setup: flags.setup, Files: flags.files, Detach: flags.detach, Sync: flags.sync == syncAlways, AckWait: flags.ackWait, SnapshotEvery: flags.snapshots, MinHosts: flags.minHosts, ConnectWait: flags.hostTimeout,
		Resume: flags.resume, Flow: apps.New, Env: env, WorkerProgram: flags.programFor, Log: show.logger(),
		Replicas: flags.replicas, Tied: flags.local, Slots: flags.slots(),
	})
	if err != nil {
		return nil, err
	}
	if show.record == nil && !flags.attach {
		shape, unpriced := flags.localShape(), ""
		if !flags.local {
			shape, unpriced = flags.standing(inv)
		}
		show.record = flags.reckon(identity, shape, show.logger())
		show.record.entry.Actual.Unpriced = unpriced
	}
	if flags.limited() {
		if show.steers, err = flags.newSteersman(begun, show); err != nil {
			return nil, err
		}
	}
	show.seen = page.seen.View
	err = follow(ctx, run, show, flags.output, flags.attach || flags.resume)
	if show.steers != nil {
		err = show.steers.outcome(err)
	}
	return run.Phases(), flags.deliver(ctx, show, err)
}

// hosts returns the hosts of a run that is not in this process.
func (flags runFlags) hosts() (inventory.Inventory, error) {
	if flags.local {
		return inventory.Local(flags.processes), nil
	}
	return hosts(flags.inventory, flags.stack)
}

// slots returns how many slots a run has on all hosts together; 0 for one a core.
func (flags runFlags) slots() int {
	if !flags.local {
		return 0
	}
	return cmp.Or(flags.workers, max(runtime.GOMAXPROCS(0), flags.processes))
}

// programFor returns the worker's program for hosts of an architecture.
func (flags runFlags) programFor(arch string) (string, error) {
	if flags.local {
		return flags.workerProgram()
	}
	return workerFor(arch)
}

// workerFor returns the worker's program for Linux hosts of an architecture.
func workerFor(arch string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	names := []string{"worker-linux-" + arch}
	if runtime.GOOS == "linux" && runtime.GOARCH == arch {
		names = append(names, "worker")
	}
	for _, name := range names {
		path := filepath.Join(filepath.Dir(self), name)
		if _, err := exec.LookPath(path); err == nil {
			return path, nil
		}
	}
	return "", withHint(fmt.Errorf("%s: %w", names[0], errNoProgram), "make build-all puts it beside flashmob")
}

func newHostsCommand() *cobra.Command {
	var target targetFlags
	var flags lookFlags
	cmd := &cobra.Command{
		Use:   "hosts",
		Short: "List the hosts of the cluster and whether they answer",
		Long: `Hosts lists the hosts of the cluster, or of an inventory, and logs in to each to
see whether it answers and is the one that it should be: the key that it shows
must be the one that was pinned. The exit code is 4 when one does not.`,
		Example: `  flashmob hosts
  flashmob hosts -i hosts.yml
  flashmob hosts --json | jq -r .address`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHosts(cmd, target, flags) },
	}
	target.register(cmd.Flags())
	flags.register(cmd.Flags())
	return cmd
}

// hostLine is what the hosts command says of a host.
type hostLine struct {
	Host    string  `json:"host"`
	Role    string  `json:"role"`
	Address string  `json:"address"`
	Arch    string  `json:"arch"`
	Live    bool    `json:"live"`
	Seconds float64 `json:"seconds"` // that the login took, or the wait for none
	Up      float64 `json:"up_seconds,omitempty"`
	Error   string  `json:"error,omitempty"`
}

func runHosts(cmd *cobra.Command, target targetFlags, flags lookFlags) error {
	inv, err := target.hosts()
	if err != nil {
		return err
	}
	lines := make([]hostLine, len(inv.Hosts))
	begun := time.Now()
	errs := onHosts(cmd.Context(), inv, inv.Hosts, func(ctx context.Context, i int, s *orchestrator.Session) error {
		out, err := s.Run(ctx, "uname -m; cut -d' ' -f1 /proc/uptime")
		if fields := strings.Fields(out); err == nil && len(fields) == 2 {
			lines[i].Arch = map[string]string{"x86_64": "amd64", "aarch64": "arm64"}[fields[0]]
			lines[i].Up, _ = strconv.ParseFloat(fields[1], 64) // a host that says otherwise has no time
		}
		lines[i].Live, lines[i].Seconds = err == nil, time.Since(begun).Seconds()
		return err
	})
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for i, host := range inv.Hosts {
		line := &lines[i]
		line.Host, line.Role, line.Address = host.Name, string(host.Role), host.HostPort()
		line.Arch = cmp.Or(line.Arch, host.Arch)
		live := fmt.Sprintf("answers in %s", took(time.Duration(line.Seconds*float64(time.Second))))
		if errs[i] != nil {
			line.Error, live = errs[i].Error(), "does not answer"
		}
		switch {
		case flags.json:
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(line); err != nil {
				return err
			}
		case flags.quiet:
		default:
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", line.Host, line.Role, line.Address, cmp.Or(line.Arch, "?"), live)
		}
	}
	return errors.Join(w.Flush(), errors.Join(errs...))
}
