package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"flashmob/worker"
)

func newShutdownCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "shutdown HOST:PORT",
		Short: "End a run from outside, by any of its members",
		Long: `Shutdown asks the run that has a member at an external address (run --external) to
end: an input that listens takes in what is on its way, everything is finished,
and the run ends as done.`,
		Example: `  flashmob run --local --app votes --input tcp://127.0.0.1:7010 --external 127.0.0.1:5050 &
  flashmob shutdown 127.0.0.1:5050`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("shutdown: which address? HOST:PORT")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := context.WithTimeout(cmd.Context(), 10*time.Second)
			defer stop()
			return worker.ShutDown(ctx, args[0])
		},
	}
}
