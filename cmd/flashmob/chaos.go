package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"flashmob/apps"
	"flashmob/chaos"
	"flashmob/internal/scratch"
	"flashmob/inventory"
	"flashmob/worker"
)

// chaosFlags are the flags of flashmob chaos.
type chaosFlags struct {
	targetFlags
	app      string
	seed     uint64
	rounds   int
	every    time.Duration
	kill     []string
	records  int
	workers  int
	replicas int
}

func newChaosCommand() *cobra.Command {
	flags := chaosFlags{}
	cmd := &cobra.Command{
		Use:   "chaos [--app NAME] [--seed N] [--rounds N]",
		Short: "Run an application while its processes are killed, and compare the results",
		Long: `Chaos runs an application while it kills, stops and slows the processes of the
run, cuts hosts off from the log, and kills the operator's program, at moments and
in an order that the seed decides; and compares the whole results, byte by byte,
with those of one worker. The first round that differs, or does not come to its
end, ends it with exit code 1: the same seed plays the same faults again.

Its hosts are this machine several times over, with a folder each in one that is
removed afterwards, unless a round fails; or those of a cluster, or of an
inventory, which should have nothing else to do.`,
		Example: `  flashmob chaos
  flashmob chaos --app wordcount --seed 7 --rounds 20 --every 2s
  flashmob chaos --kill worker,initializer,metrics_host,operator --every 5s
  flashmob chaos --replicas 3 --every 4s            # whichever host is the initializer
  flashmob chaos --stack flashmob --app query2      # on the cluster of that name`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if flags.replicas > 1 && !cmd.Flags().Changed("kill") {
				flags.kill = []string{string(inventory.Worker), chaos.Replica, chaos.Operator}
			}
			return runChaos(cmd, flags)
		},
	}
	f := cmd.Flags()
	flags.targetFlags.register(f)
	f.StringVar(&flags.app, "app", "classifier", "application: "+strings.Join(apps.Names, ", "))
	f.Uint64Var(&flags.seed, "seed", 1, "of the first round; the next one has the next")
	f.IntVar(&flags.rounds, "rounds", 3, "runs")
	f.DurationVar(&flags.every, "every", time.Second, "mean pause between two faults")
	f.StringSliceVar(&flags.kill, "kill", []string{"worker", "initializer", "operator"}, "what is hit: "+strings.Join(chaos.Targets, ", "))
	f.IntVar(&flags.records, "records", 300_000, "of the input, which the seed decides, too")
	f.IntVar(&flags.replicas, "replicas", 1, "so many hosts have the log, 1, 3 or 5; then replica, not initializer, is hit where --kill is left out")
	f.IntVar(&flags.workers, "workers", 3, "workers beside the initializer, where the hosts are this machine")
	return cmd
}

func (flags chaosFlags) check() error {
	for _, target := range flags.kill {
		if !slices.Contains(chaos.Targets, target) {
			return usagef("chaos: --kill %q: it is one of %s", target, strings.Join(chaos.Targets, ", "))
		}
	}
	if err := worker.CheckReplicas(flags.replicas); err != nil {
		return usagef("chaos: %w", err)
	}
	switch {
	case len(flags.kill) == 0:
		return usagef("chaos: --kill: nothing is hit")
	case !slices.Contains(apps.Names, flags.app):
		return usagef("chaos: --app %q: it is one of %s", flags.app, strings.Join(apps.Names, ", "))
	case flags.rounds < 1, flags.records < 1, flags.workers < 1:
		return usagef("chaos: --rounds, --records and --workers must be 1 or more")
	case flags.every < 10*time.Millisecond:
		return usagef("chaos: --every %v: must be 10ms or more", flags.every)
	}
	return nil
}

func runChaos(cmd *cobra.Command, flags chaosFlags) error {
	if err := flags.check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := scratch.New("fm") // short: it holds sockets
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	config := chaos.Config{
		Program: program, Dir: dir.Path, App: flags.app, Records: flags.records, Seed: flags.seed, Rounds: flags.rounds, Every: flags.every, Kill: flags.kill, Replicas: flags.replicas,
		Tell: func(line string) { fmt.Fprintln(cmd.OutOrStdout(), line) },
	}
	if err := flags.choose(&config); err != nil {
		return errors.Join(err, dir.Remove())
	}
	if err := config.Check(); err != nil {
		return errors.Join(withHint(usageError{fmt.Errorf("chaos: %w", err)}, "replicas are there with --replicas 3 or 5, of which --workers 4 makes hosts enough on this machine"), dir.Remove())
	}
	err = config.Run(ctx)
	var failed *chaos.SeedError
	if errors.As(err, &failed) && !errors.Is(err, context.Canceled) {
		return withHint(errors.Join(fmt.Errorf("chaos: %w", err), dir.Keep()), "flashmob chaos --app %s --seed %d --rounds 1 --every %v --kill %s --replicas %d plays the same faults again; what was left is in %s",
			flags.app, failed.Seed, flags.every, strings.Join(flags.kill, ","), flags.replicas, dir.Path)
	}
	if ctx.Err() != nil {
		err = errInterrupted
	}
	return errors.Join(err, dir.Remove())
}

// choose fills in which hosts there are: those that the flags name, or this machine.
func (flags chaosFlags) choose(config *chaos.Config) (err error) {
	if flags.inventory == "" && flags.stack == "" {
		config.Inventory = chaos.Local(flags.workers)
		path := filepath.Join(config.Dir, "hosts.yml")
		config.Target = []string{"-i", path}
		// The hosts' homes lie under it, for this program and for those that it starts.
		return errors.Join(os.Setenv("HOME", config.Dir), inventory.Write(path, config.Inventory))
	}
	if flags.inventory != "" {
		config.Target = []string{"-i", flags.inventory}
	} else {
		config.Target = []string{"--stack", flags.stack}
	}
	config.Inventory, err = flags.hosts()
	return err
}
