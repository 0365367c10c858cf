package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"flashmob/apps"
	"flashmob/internal/buildinfo"
	"flashmob/orchestrator"
	"flashmob/worker"
)

// joinFlags are the flags of flashmob join.
type joinFlags struct {
	name     string
	workers  int
	external string
	display  displayFlags
}

func newJoinCommand() *cobra.Command {
	var flags joinFlags
	cmd := &cobra.Command{
		Use:   "join FOLDER",
		Short: "Work along with a run that goes on in a result folder of this machine",
		Long: `Join makes this process one more worker of the run that flashmob run --local
--processes N has begun in FOLDER. It gets its share of the input, and of the keys with
their state. It leaves when the run is over, or on Ctrl-C: then it finishes what it has
begun and hands its keys over.`,
		Example: `  flashmob join output
  flashmob join output --name w3 --workers 1 --external 127.0.0.1:5060`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("join: which run? FOLDER")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.run(cmd.Context(), args[0], newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display))
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.name, "name", "", "of the worker (default: joined-PID)")
	f.IntVar(&flags.workers, "workers", 1, "slots")
	f.StringVar(&flags.external, "external", "", "`HOST:PORT` where flashmob shutdown and shrink reach the run, too")
	flags.display.register(f)
	return cmd
}

func (flags joinFlags) run(ctx context.Context, folder string, show *display) error {
	if flags.workers < 1 {
		return usagef("workers %d: must be 1 or more", flags.workers)
	}
	invitation, err := orchestrator.Invited(folder)
	if errors.Is(err, orchestrator.ErrNotJoinable) {
		return withHint(err, "a run that others can join is begun with flashmob run --local --processes N")
	}
	if err != nil {
		return err
	}
	invitation.Name, invitation.Slots, invitation.External = flags.name, flags.workers, flags.external
	if invitation.Name == "" {
		invitation.Name = fmt.Sprintf("joined-%d", os.Getpid())
	}
	interrupted, stop := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = worker.Serve(ctx, invitation, worker.Config{Version: buildinfo.Version(), Flow: apps.New, Drain: interrupted.Done(), Log: show.logger()})
	if errors.Is(err, worker.ErrLeft) {
		return show.result(map[string]any{"event": "left", "worker": invitation.Name}, func() {
			fmt.Fprintf(show.out, "%s has left: what it had begun is done, its keys are handed over\n", invitation.Name)
		})
	}
	return err
}
