package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flashmob/infra"
	"flashmob/inventory"
	"flashmob/orchestrator"
)

// upFlags are the flags of flashmob up.
type upFlags struct {
	cloudFlags
	spec    infra.Spec
	preview bool
	yes     bool
	display displayFlags
}

func (u *upFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	u.cloudFlags.register(f)
	f.IntVar(&u.spec.Size, "size", 0, "hosts that process: one initializer and N-1 workers; a metrics host comes on top (default: as last time)")
	f.StringVar(&u.spec.Type, "type", "", "instance `TYPE` (default c7g.xlarge; c5.xlarge in an amd64 machine's sandbox)")
	f.StringSliceVar(&u.spec.MoreTypes, "more-types", nil, "instance `TYPES` to take in turn when the first cannot be had")
	f.StringVar(&u.spec.AMI, "ami", "", "`IMAGE` to boot, with cloud-init and a user ubuntu (default: the newest Ubuntu LTS)")
	f.StringVar(&u.spec.Region, "region", "", "`REGION` (default us-west-2)")
	f.StringSliceVar(&u.spec.Zones, "zones", nil, "`ZONES` to try in turn (default: all that offer the type)")
	f.BoolVar(&u.spec.Spot, "spot", false, "buy workers on the spot market, on demand where it has none")
	f.DurationVar(&u.spec.TTL, "ttl", 0, "every host powers itself off after this, whatever it does (default 4h)")
	f.DurationVar(&u.spec.Idle, "idle", 0, "every host powers itself off when it has heard of no run and no operator for so long (default 30m)")
	f.DurationVar(&u.spec.BootWait, "boot-timeout", 0, "give up an instance that the cloud does not bring to run for so long (default 3m)")
	f.StringVar(&u.spec.OperatorCIDR, "operator-cidr", "", "`NETWORK` that may log in (default: this machine's address)")
	f.BoolVarP(&u.yes, "yes", "y", false, "do not ask")
	u.display.register(f)
}

func newUpCommand() *cobra.Command {
	var flags upFlags
	cmd := &cobra.Command{
		Use:   "up --size N",
		Short: "Make a cluster, or change its size",
		Long: `Up makes the hosts of a cluster: one initializer, N-1 workers and a metrics host,
in a network of their own that only this machine can log in to. Again with the
same size it changes nothing; with another it adds or removes the difference,
also while a run goes on: new hosts join it, and hosts that leave first finish
what they hold, for at most 30 seconds.

Every host powers itself off, and so ends, after --ttl, or when it has heard of
no run and no operator for --idle. flashmob down ends them all and proves it.`,
		Example: `  flashmob up --size 3
  flashmob up --size 8 --type c7g.4xlarge --spot --region eu-central-1
  flashmob up --size 3 --preview              # what would be made, and what it costs
  flashmob up --size 3 --cloud sandbox        # on this machine, as root, with no account`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runUp(cmd, &flags) },
	}
	flags.register(cmd)
	cmd.Flags().IntVar(&flags.spec.MinHosts, "min-hosts", 1, "do with `N` hosts that process, when instances of others do not come to run; fail with fewer")
	cmd.Flags().BoolVar(&flags.preview, "preview", false, "show what would be made and what it costs, and make nothing")
	return cmd
}

func runUp(cmd *cobra.Command, flags *upFlags) error {
	if n := flags.spec.MinHosts; n < 1 {
		return usagef("min-hosts %d: must be 1 or more", n)
	} else if flags.spec.Size > 0 && n > flags.spec.Size {
		return usagef("min-hosts %d: the cluster is to have %d that process", n, flags.spec.Size)
	}
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	return flags.up(ctx, cmd)
}

func (flags *upFlags) up(ctx context.Context, cmd *cobra.Command) error {
	if err := flags.check(cmd.Flags()); err != nil {
		return err
	}
	if err := flags.complete(ctx); err != nil {
		return err
	}
	request := infra.Request{Operation: "preview", Files: flags.files(), Spec: flags.spec}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)
	if flags.preview || !flags.yes && flags.cloud != cloudSandbox {
		reply, err := callInfra(ctx, show, request)
		if err != nil {
			return err
		}
		showPreview(show, reply.Preview)
		if flags.preview {
			return nil
		}
		if !asked(cmd, "make it? [y/N] ") {
			return usagef("up: not confirmed; --yes does without asking")
		}
	}
	if err := flags.remember(); err != nil {
		return err
	}
	flags.drainLeaving(ctx, show)
	request.Operation = "up"
	reply, err := callInfra(ctx, show, request)
	if err != nil {
		return err
	}
	uploading := time.Now()
	if err := flags.provide(ctx, reply.Up.Inventory, show); err != nil {
		return err
	}
	uploaded := time.Since(uploading)
	return show.result(reply.Up, func() {
		up := reply.Up
		fmt.Fprintf(show.out, "up       %d hosts in %s (%s), %s\n", len(up.Inventory.Hosts), up.Zone, up.Changes, took(up.Took))
		fmt.Fprintf(show.out, "time     %s: provision %s, upload %s\n", took(up.Took+uploaded), took(up.Took), took(uploaded))
		for _, name := range up.GivenUp {
			fmt.Fprintf(show.out, "given up %s: its instance did not come to run; flashmob up makes another\n", name)
		}
		for _, refusal := range up.Refusals {
			fmt.Fprintf(show.out, "refused  %+v\n", refusal)
		}
		if up.Unpriced != "" {
			fmt.Fprintf(show.out, "cost     not known: %s\n", up.Unpriced)
		} else {
			fmt.Fprintf(show.out, "cost     $%.2f an hour until flashmob down%s\n", up.Hourly, inBrackets(up.PriceNote))
		}
		fmt.Fprintf(show.out, "hosts    %s\n", up.InventoryFile)
	})
}

// complete finds the way to the cloud, and fills in of the spec what is known there.
func (flags *upFlags) complete(ctx context.Context) error {
	w, err := flags.enter(ctx)
	if err != nil {
		return err
	}
	flags.spec.Stack = flags.stack
	flags.spec.Region = cmp.Or(flags.spec.Region, w.Region)
	if flags.spec.OperatorCIDR == "" {
		if flags.spec.OperatorCIDR, err = operatorCIDR(ctx, w); err != nil {
			return err
		}
	}
	if flags.spec.Type == "" && flags.cloud == cloudSandbox {
		flags.spec.Type = flags.sandboxType()
	}
	return nil
}

// resize changes the size of the cluster while a run goes on: hosts that leave are drained, those that are new get from the run
// what they need. Workers are bought as they were.
func (flags *upFlags) resize(ctx context.Context, show *display) error {
	record, err := infra.ReadRecord(flags.files().Record())
	if err != nil {
		return err
	}
	flags.spec.Spot = record.Spec.Spot
	if err := flags.complete(ctx); err != nil {
		return err
	}
	flags.drainLeaving(ctx, show)
	_, err = callInfra(ctx, show, infra.Request{Operation: "up", Files: flags.files(), Spec: flags.spec})
	return err
}

// provide brings the worker's binary to the hosts, so that the first run begins at once. It is a courtesy, too: what a host
// lacks, a run brings it. Only another host key than the one that was made is an error.
func (flags *upFlags) provide(ctx context.Context, inv inventory.Inventory, show *display) error {
	log := show.logger()
	provider, err := orchestrator.NewCluster(orchestrator.ClusterConfig{
		Inventory: inv, WorkerProgram: workerFor, ConnectWait: provideWait, Rekey: flags.files().Rekey, Log: log,
	})
	if err == nil {
		err = provider.Provide(ctx)
	}
	if errors.Is(err, orchestrator.ErrHostKey) {
		return err
	}
	if err != nil {
		log.Warn("not every host has the worker's binary yet: a run brings it", "err", err)
	}
	return nil
}

// provideWait is how long up waits for a host that does not answer: hosts boot while it makes the others.
const provideWait = 20 * time.Second

// inBrackets is a note behind a figure; there may be none.
func inBrackets(note string) string {
	if note == "" {
		return ""
	}
	return " (" + note + ")"
}

func showPreview(show *display, p *infra.PreviewResult) {
	if show.quiet {
		return
	}
	if show.json {
		_ = show.result(p, nil) // standard output that fails will fail again below, and be reported
		return
	}
	for _, resource := range p.Resources {
		fmt.Fprintln(show.out, resource)
	}
	price := fmt.Sprintf("$%.2f an hour%s", p.Hourly, inBrackets(p.PriceNote))
	if p.Unpriced != "" {
		price = "price not known: " + p.Unpriced
	}
	fmt.Fprintf(show.out, "%s; %s\n", p.Changes, price)
}

// sandboxType is the type of a new cluster's hosts in the sandbox: they are of this machine's own architecture. A
// cluster that is there keeps its own.
func (flags *upFlags) sandboxType() string {
	record, err := infra.ReadRecord(flags.files().Record())
	if runtime.GOARCH == "arm64" || err == nil && record.State != infra.Gone {
		return ""
	}
	return "c5.xlarge"
}

// typeFor is the instance type of a new cluster in a cloud.
func (flags *upFlags) typeFor(cloud string) string {
	typ := flags.spec.Type
	if typ == "" && cloud == cloudSandbox {
		typ = flags.sandboxType()
	}
	return cmp.Or(typ, infra.Spec{}.WithDefaults().Type)
}

// check returns what is wrong with the flags, before anything is touched.
func (flags *upFlags) check(f *pflag.FlagSet) error {
	switch {
	case f.Changed("size") && flags.spec.Size < 1:
		return usagef("size %d: must be 1 or more", flags.spec.Size)
	case f.Changed("boot-timeout") && flags.spec.BootWait < time.Second:
		return usagef("boot-timeout %v: must be 1s or more", flags.spec.BootWait)
	case flags.spec.TTL < 0 || flags.spec.Idle < 0:
		return usagef("ttl %v, idle %v: must not be negative", flags.spec.TTL, flags.spec.Idle)
	}
	return nil
}
