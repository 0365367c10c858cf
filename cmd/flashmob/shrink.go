package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flashmob/worker"
)

// shrinkFlags are the flags of flashmob shrink.
type shrinkFlags struct {
	query   bool
	count   int
	workers []string
	display displayFlags
}

func newShrinkCommand() *cobra.Command {
	var flags shrinkFlags
	cmd := &cobra.Command{
		Use:   "shrink HOST:PORT (--query | --count N | --workers NAMES)",
		Short: "Let workers leave a run while it goes on",
		Long: `Shrink asks the run that has a member at an external address (run --external) to let
workers go: they finish what they have begun, hand over the keys that they own, and end.
The initializer's own slots cannot leave, and one worker always stays. With --workers
nobody leaves unless all that are named may; --count takes as many as there are.`,
		Example: `  flashmob shrink 127.0.0.1:5050 --query
  flashmob shrink 127.0.0.1:5050 --count 1
  flashmob shrink 127.0.0.1:5050 --workers workers-2,workers-3`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("shrink: which address? HOST:PORT")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.run(cmd.Context(), args[0], newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.query, "query", false, "only say who may leave")
	f.IntVar(&flags.count, "count", 0, "let `N` workers leave")
	f.StringSliceVar(&flags.workers, "workers", nil, "let the workers of these `NAMES` leave")
	flags.display.register(f)
	return cmd
}

func (flags shrinkFlags) run(ctx context.Context, address string, show *display) error {
	asked := 0
	for _, set := range []bool{flags.query, flags.count != 0, len(flags.workers) > 0} {
		if set {
			asked++
		}
	}
	switch {
	case asked != 1:
		return usagef("shrink: one of --query, --count N and --workers NAMES")
	case flags.count < 0:
		return usagef("count %d: must be 1 or more", flags.count)
	}
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	answer, err := worker.AskShrink(ctx, address, worker.Shrink{Count: flags.count, Workers: flags.workers})
	if err != nil {
		return err
	}
	return show.result(map[string]any{"event": "shrink", "eligible": answer.Eligible, "leaving": answer.Leaving}, func() {
		fmt.Fprintf(show.out, "may leave  %s\n", list(answer.Eligible))
		if !flags.query {
			fmt.Fprintf(show.out, "leaving    %s\n", list(answer.Leaving))
		}
	})
}

// list writes names down, or that there are none.
func list(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}
