package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flashmob/infra"
)

// accountFlags say where in a cloud to look, and for whose clusters.
type accountFlags struct {
	cloudFlags
	region     string
	allRegions bool
	allOwners  bool
}

func (a *accountFlags) register(f *pflag.FlagSet) {
	a.cloudFlags.register(f)
	f.StringVar(&a.region, "region", "", "`REGION` to look in (default: AWS_REGION, or the last cluster's, or us-west-2)")
	f.BoolVar(&a.allRegions, "all-regions", false, "look in every region of the price table")
	f.BoolVar(&a.allOwners, "all-owners", false, "other people's clusters too")
	f.Lookup("stack").Usage = "only clusters of this `NAME` (default: of any)"
}

// regions returns where to look.
func (a *accountFlags) regions(w way) []string {
	record, _ := infra.ReadRecord(a.files().Record()) // without one there is a default
	switch {
	case w.Region != "": // the sandbox is in one region, and called by no other name
		a.region = cmp.Or(a.region, w.Region)
	case a.allRegions:
		return infra.ListPrices().Regions()
	default:
		a.region = cmp.Or(a.region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), record.Spec.Region, infra.Spec{}.WithDefaults().Region)
	}
	return []string{a.region}
}

// list asks the account what it has, region by region and cluster by cluster. What it returns is true even where it
// returns an error besides: of a region that could not be asked.
func (a *accountFlags) list(ctx context.Context) (all []found, err error) {
	if a.allRegions && a.region != "" {
		return nil, usagef("--region and --all-regions exclude each other")
	}
	w, err := a.enter(ctx)
	if err != nil {
		return nil, err
	}
	known, err := records(filepath.Dir(a.files().Cluster()))
	if err != nil {
		return nil, err
	}
	regions := a.regions(w)
	listed, errs := make([][]found, len(regions)), make([]error, len(regions))
	var group sync.WaitGroup
	for i, region := range regions {
		group.Go(func() {
			listed[i], errs[i] = a.listRegion(ctx, region, known)
			if errs[i] != nil && len(regions) > 1 {
				errs[i] = fmt.Errorf("region %s: %w", region, errs[i])
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return slices.Concat(listed...), withHint(infraError{err}, "flashmob doctor checks the way to the account")
	}
	return slices.Concat(listed...), nil
}

func (a *accountFlags) listRegion(ctx context.Context, region string, known map[string]*here) ([]found, error) {
	account, err := infra.OpenAccount(ctx, region)
	if err != nil {
		return nil, err
	}
	filter := infra.Filter{Stack: a.stack}
	if !a.allOwners {
		filter.Owner = infra.Me("").Owner
	}
	resources, err := account.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	prices, err := infra.Files{}.KnownPrices()
	if err != nil {
		return nil, err
	}
	var all []found
	for _, group := range infra.GroupByCluster(resources, prices, time.Now()) {
		all = append(all, found{Group: group, Region: region, Here: known[group.Cluster], account: account})
	}
	return all, nil
}

// where names the regions that were looked in.
func (a *accountFlags) where() string {
	if a.region == "" {
		return "any region of the price table"
	}
	return a.region
}

// found is a cluster that an account lists, and what is known of it in this folder.
type found struct {
	infra.Group
	Region  string `json:"region"`
	Here    *here  `json:"here,omitempty"`
	account *infra.Account
}

// here is what a record of this folder says of a cluster.
type here struct {
	Stack  string        `json:"stack"`
	State  infra.State   `json:"state"`
	Holder *infra.Holder `json:"holder,omitempty"` // alive
}

// records reads what is known of clusters in this folder, by their IDs.
func records(dir string) (map[string]*here, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	known := map[string]*here{}
	for _, path := range paths {
		files := infra.Files{Stack: filepath.Base(path)}
		record, err := infra.ReadRecord(files.Record())
		if err != nil {
			continue // without a record nothing leads to the cluster, and that is what is being looked for
		}
		holder, err := infra.Held(files.Lock())
		if err != nil {
			return nil, err
		}
		known[record.Spec.ID] = &here{Stack: files.Name(), State: record.State, Holder: holder}
	}
	return known, nil
}

// note says what is known of a cluster here.
func (f found) note() string {
	switch {
	case f.Here == nil:
		return "no record here"
	case f.Here.Holder != nil:
		return "in use: " + f.Here.Holder.String()
	}
	return fmt.Sprintf("%s here: flashmob down --stack %s", f.Here.State, f.Here.Stack)
}

func newOrphansCommand() *cobra.Command {
	var account accountFlags
	var flags lookFlags
	cmd := &cobra.Command{
		Use:   "orphans",
		Short: "List what the cloud has of your clusters, whatever is known here",
		Long: `Orphans asks the cloud itself what it has under flashmob's tags: clusters of any
name, made from any folder of yours. It shows how old they are, what they have
cost so far, and whether a record in this folder leads to them.`,
		Example: `  flashmob orphans
  flashmob orphans --region eu-central-1 --all-owners
  flashmob orphans --all-regions
  flashmob orphans --json | jq -r .cluster`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			all, err := account.list(ctx)
			switch {
			case flags.quiet, err != nil && len(all) == 0:
				return err
			case flags.json:
				return errors.Join(err, encodeAll(cmd.OutOrStdout(), all))
			}
			return errors.Join(err, account.table(cmd.OutOrStdout(), all))
		},
	}
	account.register(cmd.Flags())
	flags.register(cmd.Flags())
	return cmd
}

func encodeAll(out io.Writer, all []found) error {
	for _, f := range all {
		if err := json.NewEncoder(out).Encode(f); err != nil {
			return err
		}
	}
	return nil
}

func (a accountFlags) table(out io.Writer, all []found) error {
	whose := "of " + infra.Me("").Owner
	if a.allOwners {
		whose = "of anybody"
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(out, "nothing in %s %s\n", a.where(), whose)
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range all {
		age := "age not known"
		if !f.Began.IsZero() {
			age = took(time.Since(f.Began)) + " old"
		}
		money := fmt.Sprintf("$%.2f so far", f.Dollars)
		if len(f.Unpriced) > 0 {
			money = "at least " + money
		}
		if a.allRegions {
			fmt.Fprintf(w, "%s\t", f.Region)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Cluster, f.Stack, f.Owner, kinds(f.Group), age, money, f.note())
	}
	return w.Flush()
}

// kinds counts the resources of a cluster for people: "4 instances, 4 volumes, 1 VPC".
func kinds(g infra.Group) string {
	counts := g.Count()
	var parts []string
	for _, kind := range infra.Kinds {
		if n := counts[kind]; n > 0 {
			parts = append(parts, kind.Count(n))
		}
	}
	return strings.Join(parts, ", ")
}
