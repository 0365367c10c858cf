package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flashmob/dashboard"
	"flashmob/infra"
	"flashmob/inventory"
	"flashmob/orchestrator"
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
says of the run is what the page on the metrics host shows (docs/dashboard.md has
the fields), or without one what the initializer says. The exit code is 4 without
a cluster.`,
		Example: `  flashmob status
  flashmob status --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatus(cmd, target, flags) },
	}
	target.register(cmd.Flags())
	flags.register(cmd.Flags())
	return cmd
}

// pageView returns what the page of a metrics host shows: all that is known of the run there.
func pageView(ctx context.Context, dial dialer) (*dashboard.View, error) {
	ctx, cancel := context.WithTimeout(ctx, loginWait)
	defer cancel()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/api/status", nil)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	v := new(dashboard.View)
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return v, nil
}

// askRun returns how the run on the hosts is: as the page on the metrics host shows it, or else as its initializer says.
func askRun(ctx context.Context, inv inventory.Inventory) (*dashboard.View, error) {
	at := slices.IndexFunc(inv.Hosts, func(h inventory.Host) bool { return h.Role == inventory.Initializer })
	if at < 0 {
		return nil, errors.New("inventory: no host in the group initializer")
	}
	var shown *dashboard.View
	said := &dashboard.View{At: time.Now()}
	var mu sync.Mutex
	term := -1
	// Others than those two are only told that an operator is there; whether they answer is what flashmob hosts says.
	errs := onHosts(ctx, inv, inv.Hosts, func(ctx context.Context, i int, s *orchestrator.Session) error {
		switch {
		case inv.Hosts[i].Role == inventory.Initializer, inv.Hosts[i].Role == inventory.Worker:
			id, status, err := s.RunStatus(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && status.Term > term { // one that was cut off may not know yet that another host is the run's initializer
				term, said.Run = status.Term, dashboard.NewRun(id, status, new(dashboard.Meter).Read(status, said.At))
			} else if err != nil && i == at {
				return err
			}
		case inv.Hosts[i].Role == inventory.MetricsHost:
			if v, err := pageView(ctx, s.DialPage); err == nil && v.Run != nil { // else what the initializer says is all
				shown = v
			}
		}
		return nil
	})
	if said.Run == nil {
		return nil, errs[at]
	}
	if shown != nil && shown.Run.ID == said.Run.ID {
		return shown, nil
	}
	for _, host := range inv.Hosts {
		said.Hosts = append(said.Hosts, dashboard.Host{Name: host.Name})
	}
	return said, nil
}

// viewCluster returns how a cluster is, as the record at home has it.
func viewCluster(record infra.Record, files infra.Files, now time.Time) *dashboard.Cluster {
	living := record.Living()
	prices, unreadable := files.KnownPrices()
	receipt := infra.NewReceipt(record, prices, now)
	if unreadable != nil {
		receipt.Unpriced = []string{unreadable.Error()}
	}
	c := &dashboard.Cluster{
		ID: record.Spec.ID, Stack: files.Name(), State: string(record.State), Region: record.Spec.Region, Zone: record.Spec.Zone,
		Size: record.Spec.Size, Since: record.Began, Dollars: receipt.Dollars, Unpriced: receipt.Unpriced,
	}
	for _, bill := range receipt.Bills {
		if slices.ContainsFunc(living, func(life infra.Life) bool { return life.Instance == bill.Instance }) {
			c.Hourly += bill.Rate
		}
	}
	if holder, err := infra.Held(files.Lock()); err == nil && holder != nil {
		c.Busy = holder.String()
	}
	for _, life := range living {
		if left := life.From.Add(record.Spec.TTL).Sub(now).Seconds(); c.EndsIn == nil || left < *c.EndsIn {
			c.EndsIn = &left
		}
	}
	return c
}

func runStatus(cmd *cobra.Command, target targetFlags, flags lookFlags) error {
	v := &dashboard.View{At: time.Now(), Hosts: []dashboard.Host{}}
	if target.inventory == "" {
		files := cloudFlags{stack: target.stack}.files()
		record, err := infra.ReadRecord(files.Record())
		if errors.Is(err, infra.ErrNoRecord) {
			return withHint(errNoCluster, "flashmob up --size 3 makes one; flashmob orphans asks the cloud, whatever is known here")
		}
		if err != nil {
			return err
		}
		v.Cluster = viewCluster(record, files, v.At)
	}
	inv, err := target.hosts()
	switch {
	case err == nil:
		run, err := askRun(cmd.Context(), inv)
		if err != nil && !errors.Is(err, orchestrator.ErrNoRun) {
			v.RunError = err.Error()
		}
		if run != nil {
			v.Hosts, v.Run = run.Hosts, run.Run
			if run.Cluster != nil && v.Cluster != nil { // which is newer here, but for what the run's end makes of it
				v.Cluster.Expected = run.Cluster.Expected
			}
			break
		}
		for _, host := range inv.Hosts {
			v.Hosts = append(v.Hosts, dashboard.Host{Name: host.Name})
		}
	case target.inventory != "" || !errors.Is(err, errNoCluster):
		return err
	}
	switch {
	case flags.json:
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(v)
	case !flags.quiet:
		err = statusText(cmd.OutOrStdout(), v, len(inv.Hosts))
	}
	if err == nil && v.Cluster != nil && v.Cluster.State == string(infra.Gone) {
		err = withHint(errNoCluster, "the last one is gone; flashmob up makes another of %d", v.Cluster.Size)
	}
	return err
}

// statusText shows in words how a cluster of so many hosts and its run are.
func statusText(out io.Writer, v *dashboard.View, hosts int) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	c := v.Cluster
	if c != nil {
		fmt.Fprintf(w, "cluster\t%s (%s) in %s: %s\n", c.ID, c.Stack, cmp.Or(c.Zone, c.Region), c.State)
		if c.Busy != "" {
			fmt.Fprintf(w, "busy\t%s\n", c.Busy)
		}
		if c.State == string(infra.Gone) {
			return w.Flush()
		}
	}
	fmt.Fprintf(w, "hosts\t%d\n", hosts)
	if c != nil {
		fmt.Fprintf(w, "since\t%s, %s ago\n", c.Since.Local().Format(time.DateTime), took(time.Since(c.Since)))
		fmt.Fprintf(w, "cost\t$%.2f so far\n", c.Dollars)
		for _, reason := range c.Unpriced {
			fmt.Fprintf(w, "\tnot counted: %s\n", reason)
		}
		if c.EndsIn != nil {
			fmt.Fprintf(w, "ends\tby itself in %s, whatever it does\n", took(time.Duration(*c.EndsIn*float64(time.Second))))
		}
	}
	switch r := v.Run; {
	case v.RunError != "":
		fmt.Fprintf(w, "run\tnot known: %s\n", v.RunError)
	case r == nil:
		fmt.Fprintf(w, "run\tnone\n")
	default:
		far := ""
		if r.Fraction != nil {
			far = fmt.Sprintf("%.0f %%, ", 100**r.Fraction)
		}
		fmt.Fprintf(w, "run\t%s: %s%s rows, %d slots on %d hosts\n", r.ID, far, groups(r.Records), r.Slots, len(r.Workers))
		if r.Retried > 0 || r.TakenOver > 0 || r.Late > 0 {
			fmt.Fprintf(w, "trouble\t%s\n", trouble(r))
		}
	}
	return w.Flush()
}
