package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"flashmob/infra"
)

// downFlags are the flags of flashmob down.
type downFlags struct {
	cloudFlags
	region  string
	evict   bool
	display displayFlags
	receipt *infra.Receipt // what it came to, once it is known
}

func newDownCommand() *cobra.Command {
	var flags downFlags
	cmd := &cobra.Command{
		Use:   "down",
		Short: "End the cluster and prove that nothing is left",
		Long: `Down destroys everything that up made, then asks the cloud what it lists under
the cluster's tags, and says what that was, what it cost and how long it lived.
It works after any crash, and when the record of the cluster is lost. If anything
is left it says what, and the exit code is 4.

While a run goes on whose operator is at work here, it is refused: Ctrl-C ends that
run and keeps what is done, --evict ends the cluster under it. A detached run, and one
whose operator died, ends with the cluster.`,
		Example: `  flashmob down
  flashmob down --evict           # whatever run goes on
  flashmob down --cloud sandbox`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDown(cmd, &flags) },
	}
	f := cmd.Flags()
	flags.cloudFlags.register(f)
	f.StringVar(&flags.region, "region", "", "`REGION` to look in when the record of the cluster is lost")
	f.BoolVar(&flags.evict, "evict", false, "end the cluster under a run that goes on")
	flags.display.register(f)
	return cmd
}

func runDown(cmd *cobra.Command, flags *downFlags) error {
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	return flags.down(ctx, cmd)
}

func (flags *downFlags) down(ctx context.Context, cmd *cobra.Command) error {
	if !flags.evict {
		if err := mayEnd(flags.files()); err != nil {
			return err
		}
	}
	w, err := flags.enter(ctx)
	if err != nil {
		return err
	}
	if flags.region == "" {
		flags.region = w.Region
	}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)
	reply, err := callInfra(ctx, show, infra.Request{
		Operation: "down", Files: flags.files(), Spec: infra.Spec{Stack: flags.stack, Region: flags.region},
	})
	flags.receipt = reply.Receipt
	if reply.Receipt != nil && reply.Receipt.Cluster != "" { // it got as far as that
		if err := show.result(reply.Receipt, func() { fmt.Fprint(show.out, reply.Receipt.Text()) }); err != nil {
			return err
		}
	}
	return err
}
