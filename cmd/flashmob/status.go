package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flashmob/dashboard"
	"flashmob/infra"
	"flashmob/inventory"
	"flashmob/orchestrator"
	"flashmob/worker"
)

func newStatusCommand() *cobra.Command {
	var target targetFlags
	var flags lookFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the cluster and its run are",
		Long: `Status shows the state of the cluster, its hosts, since when it is up, what it
has cost, when its hosts will power themselves off, and how far the run is that
goes on there. What it says of the cluster is from the record at home; what it
says of the run comes from the initializer. The exit code is 4 without a cluster.`,
		Example: `  flashmob status
  flashmob status --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatus(cmd, target, flags) },
	}
	target.register(cmd.Flags())
	flags.register(cmd.Flags())
	return cmd
}

// clusterStatus is how a cluster is.
type clusterStatus struct {
	Stack    string        `json:"stack,omitempty"`
	Cluster  string        `json:"cluster,omitempty"`
	State    infra.State   `json:"state,omitempty"`
	Busy     *infra.Holder `json:"busy,omitempty"` // who works on it now
	Region   string        `json:"region,omitempty"`
	Zone     string        `json:"zone,omitempty"`
	Size     int           `json:"size,omitempty"`
	Hosts    int           `json:"hosts"`
	Since    time.Time     `json:"since,omitzero"`
	Dollars  float64       `json:"dollars"`
	Unpriced []string      `json:"unpriced,omitempty"`
	Ends     time.Time     `json:"ends,omitzero"` // when the first host powers itself off, by its ttl
	Run      *goingRun     `json:"run,omitempty"`
	RunError string        `json:"run_error,omitempty"`
}

type goingRun struct {
	ID string `json:"id"`
	By string `json:"by,omitempty"` // who began it, and when
	dashboard.Progress
	Workers []workerShare `json:"workers,omitempty"`
	status  worker.Status
}

// workerShare is what one host has done of a run.
type workerShare struct {
	Host    string `json:"host"`
	Slots   int    `json:"slots"`
	Records int64  `json:"records"`
	Lost    bool   `json:"lost,omitempty"` // it left, or is silent
}

func askRun(ctx context.Context, inv inventory.Inventory) (*goingRun, error) {
	var run goingRun
	at := slices.IndexFunc(inv.Hosts, func(h inventory.Host) bool { return h.Role == inventory.Initializer })
	if at < 0 {
		return nil, errors.New("inventory: no host in the group initializer")
	}
	// The others are only told that an operator is there; whether they answer is what flashmob hosts says.
	errs := onHosts(ctx, inv, inv.Hosts, func(ctx context.Context, i int, s *orchestrator.Session) (err error) {
		if i == at {
			run.ID, run.status, err = s.RunStatus(ctx)
		}
		return err
	})
	if errs[at] != nil {
		return nil, errs[at]
	}
	run.By = run.status.By
	for _, w := range run.status.Workers {
		run.Workers = append(run.Workers, workerShare{Host: w.Name, Slots: w.Slots, Records: w.Records, Lost: w.Lost})
	}
	run.Progress = new(dashboard.Meter).Read(run.status, time.Now())
	return &run, nil
}

func newClusterStatus(record infra.Record, files infra.Files, now time.Time) clusterStatus {
	living := record.Living()
	prices, unreadable := files.KnownPrices()
	receipt := infra.NewReceipt(record, prices, now)
	if unreadable != nil {
		receipt.Unpriced = []string{unreadable.Error()}
	}
	s := clusterStatus{
		Stack: files.Name(), Cluster: record.Spec.ID, State: record.State, Region: record.Spec.Region, Zone: record.Spec.Zone,
		Size: record.Spec.Size, Hosts: len(living), Since: record.Began, Dollars: receipt.Dollars, Unpriced: receipt.Unpriced,
	}
	if holder, err := infra.Held(files.Lock()); err == nil {
		s.Busy = holder
	}
	for _, life := range living {
		if ends := life.From.Add(record.Spec.TTL); s.Ends.IsZero() || ends.Before(s.Ends) {
			s.Ends = ends
		}
	}
	return s
}

func runStatus(cmd *cobra.Command, target targetFlags, flags lookFlags) error {
	var s clusterStatus
	if target.inventory == "" {
		files := cloudFlags{stack: target.stack}.files()
		record, err := infra.ReadRecord(files.Record())
		if errors.Is(err, infra.ErrNoRecord) {
			return withHint(errNoCluster, "flashmob up --size 3 makes one; flashmob orphans asks the cloud, whatever is known here")
		}
		if err != nil {
			return err
		}
		s = newClusterStatus(record, files, time.Now())
	}
	inv, err := target.hosts()
	switch {
	case err == nil:
		s.Hosts = len(inv.Hosts)
		run, err := askRun(cmd.Context(), inv)
		if err != nil && !errors.Is(err, orchestrator.ErrNoRun) {
			s.RunError = err.Error()
		}
		s.Run = run
	case target.inventory != "" || !errors.Is(err, errNoCluster):
		return err
	}
	switch {
	case flags.json:
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(s)
	case !flags.quiet:
		err = s.text(cmd.OutOrStdout())
	}
	if err == nil && s.State == infra.Gone {
		err = withHint(errNoCluster, "the last one is gone; flashmob up makes another of %d", s.Size)
	}
	return err
}

func (s clusterStatus) text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if s.Cluster != "" {
		fmt.Fprintf(w, "cluster\t%s (%s) in %s: %s\n", s.Cluster, s.Stack, cmp.Or(s.Zone, s.Region), s.State)
	}
	if s.Busy != nil {
		fmt.Fprintf(w, "busy\t%v\n", s.Busy)
	}
	if s.State == infra.Gone {
		return w.Flush()
	}
	fmt.Fprintf(w, "hosts\t%d\n", s.Hosts)
	if s.Cluster != "" {
		fmt.Fprintf(w, "since\t%s, %s ago\n", s.Since.Local().Format(time.DateTime), took(time.Since(s.Since)))
		fmt.Fprintf(w, "cost\t$%.2f so far\n", s.Dollars)
		for _, reason := range s.Unpriced {
			fmt.Fprintf(w, "\tnot counted: %s\n", reason)
		}
		if !s.Ends.IsZero() {
			fmt.Fprintf(w, "ends\tby itself in %s, whatever it does\n", took(time.Until(s.Ends)))
		}
	}
	switch {
	case s.RunError != "":
		fmt.Fprintf(w, "run\tnot known: %s\n", s.RunError)
	case s.Run == nil:
		fmt.Fprintf(w, "run\tnone\n")
	default:
		far := ""
		if s.Run.Fraction >= 0 {
			far = fmt.Sprintf("%.0f %%, ", 100*s.Run.Fraction)
		}
		fmt.Fprintf(w, "run\t%s: %s%s rows, %d slots on %d hosts\n", s.Run.ID, far, groups(s.Run.Records), s.Run.Slots, len(s.Run.status.Workers))
	}
	return w.Flush()
}
