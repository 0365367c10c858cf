package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flashmob/bench"
	"flashmob/infra"
)

// pricesFlags are the flags of flashmob prices.
type pricesFlags struct {
	region string
	types  []string
	look   lookFlags
}

func newPricesCommand() *cobra.Command {
	var flags pricesFlags
	cmd := &cobra.Command{
		Use:   "prices",
		Short: "Show what hosts cost, and of what date the prices are",
		Long: `Prices shows the table that every estimate and receipt is made with: dollars an
hour of a family's large size or of one type, and of a GB of disk a month. It
comes with flashmob; flashmob prices refresh lays today's over it. A type that is
not in it has no price: none is ever guessed.`,
		Example: `  flashmob prices --region eu-central-1
  flashmob prices --type c7g.4xlarge,c5.4xlarge
  flashmob prices refresh --region eu-central-1`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runPrices(cmd, flags) },
	}
	cmd.Flags().StringVar(&flags.region, "region", "", "of this `REGION` (default: of all in the table; us-west-2 with --type)")
	cmd.Flags().StringSliceVar(&flags.types, "type", nil, "of these instance `TYPES`")
	flags.look.register(cmd.Flags())
	cmd.AddCommand(newPricesRefreshCommand())
	return cmd
}

func newPricesRefreshCommand() *cobra.Command {
	var region string
	var display displayFlags
	cmd := &cobra.Command{
		Use:   "refresh --region REGION",
		Short: "Fetch today's prices from the provider's price list",
		Long: `Refresh asks AWS for the list prices of all instance types and of disks in a
region, and for what spot instances cost there now, and keeps them in
.flashmob/prices.csv. It needs the rights pricing:GetProducts and
ec2:DescribeSpotPriceHistory.`,
		Example: `  flashmob prices refresh --region us-west-2`,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runPricesRefresh(cmd, region, display) },
	}
	cmd.Flags().StringVar(&region, "region", defaultRegion, "`REGION`")
	display.register(cmd.Flags())
	return cmd
}

// defaultRegion is infra's.
const defaultRegion = "us-west-2"

func runPrices(cmd *cobra.Command, flags pricesFlags) error {
	prices, err := infra.Files{}.KnownPrices()
	if err != nil {
		return err
	}
	if len(flags.types) > 0 {
		flags.region = cmp.Or(flags.region, defaultRegion)
	}
	if flags.region != "" {
		if !slices.Contains(prices.Regions(), flags.region) {
			return unpriced(&infra.NoPriceError{Region: flags.region, Item: cmp.Or(strings.Join(flags.types, ", "), "instances")}, prices, "")
		}
		prices = prices.In(flags.region)
	}
	lines := prices.List()
	if len(flags.types) > 0 {
		lines = nil
		for _, typ := range flags.types {
			price, err := prices.Instance(flags.region, typ)
			if err != nil {
				return unpriced(err, prices, typ)
			}
			lines = append(lines, infra.Listed{Region: flags.region, Item: typ, Price: price})
		}
	}
	if flags.look.json {
		for _, line := range lines {
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	if flags.look.quiet {
		return nil
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "region\titem\ton demand\tspot\tas of")
	for _, line := range lines {
		spot := "-"
		if line.Spot > 0 {
			spot = fmt.Sprintf("$%.5f", line.Spot)
		}
		fmt.Fprintf(w, "%s\t%s\t$%.5f\t%s\t%s\n", line.Region, line.Item, line.OnDemand, spot, line.AsOf)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "A family stands for its large size; disk is a GB a month, ipv4 a public address; spot is typical.")
	if note := prices.Note(time.Now()); note != "" {
		fmt.Fprintf(cmd.OutOrStdout(), "The oldest are %s: flashmob prices refresh fetches today's.\n", note)
	}
	return nil
}

// unpriced adds to the error of a type without a price which types have one, or which regions.
func unpriced(err error, prices infra.Prices, typ string) error {
	var no *infra.NoPriceError
	if errors.As(err, &no) && !slices.Contains(prices.Regions(), no.Region) {
		return withHint(usageError{err}, "the table has %s; flashmob prices refresh --region %s fetches the prices of another", strings.Join(prices.Regions(), ", "), no.Region)
	}
	return withHint(usageError{err}, "near it are %s; flashmob prices refresh fetches the whole list of a region", strings.Join(prices.Near(typ), ", "))
}

func runPricesRefresh(cmd *cobra.Command, region string, flags displayFlags) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Minute)
	defer cancel()
	files := infra.Files{}
	before, err := files.FetchedPrices()
	if err != nil {
		return err
	}
	fetched, err := infra.FetchPrices(ctx, region, time.Now())
	if err != nil {
		return withHint(infraError{err}, "the table that is there stays in use; it needs credentials, pricing:GetProducts and ec2:DescribeSpotPriceHistory")
	}
	if err := before.With(fetched).Write(files.Prices()); err != nil {
		return err
	}
	instances := len(fetched.List()) - 1 // one is the disk
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags)
	return show.result(map[string]any{"event": "prices", "region": region, "types": instances, "as_of": fetched.AsOf, "file": files.Prices()}, func() {
		fmt.Fprintf(show.out, "prices   of %s instance types in %s, as of %s\nfile     %s\n", bench.Grouped(int64(instances)), region, fetched.AsOf, files.Prices())
	})
}
