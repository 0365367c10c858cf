package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"flashmob/infra"
)

// sweepFlags are the flags of flashmob sweep.
type sweepFlags struct {
	accountFlags
	dryRun, yes bool
	display     displayFlags
}

func newSweepCommand() *cobra.Command {
	var flags sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep [CLUSTER...]",
		Short: "Remove what clusters have left in the cloud, by their tags alone",
		Long: `Sweep removes what flashmob orphans lists, by tag, where no record leads there any
more. It spares clusters that are up under a record of this folder (flashmob
down is for those) and clusters that somebody works on now, unless they are named
by their IDs. Without --yes it shows what it would remove, and on a terminal asks.

If anything is left, the exit code is 4.`,
		Example: `  flashmob sweep --dry-run
  flashmob sweep --yes
  flashmob sweep 20261122-225301-9f3c61 --region eu-central-1 --yes`,
		RunE: func(cmd *cobra.Command, args []string) error { return runSweep(cmd, &flags, args) },
	}
	f := cmd.Flags()
	flags.accountFlags.register(f)
	f.BoolVar(&flags.dryRun, "dry-run", false, "show what would be removed, and remove nothing")
	f.BoolVarP(&flags.yes, "yes", "y", false, "do not ask")
	flags.display.register(f)
	return cmd
}

func runSweep(cmd *cobra.Command, flags *sweepFlags, ids []string) error {
	if flags.dryRun && flags.yes {
		return usagef("sweep: --dry-run and --yes exclude each other")
	}
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	all, unasked := flags.list(ctx)
	if unasked != nil && len(all) == 0 {
		return unasked
	}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)
	chosen, spared, err := choose(all, ids)
	if err != nil {
		return err
	}
	log := show.logger()
	for _, f := range spared {
		log.Warn("spared: name it to sweep it all the same", "cluster", f.Cluster, "because", f.note())
	}
	if len(chosen) == 0 {
		return errors.Join(unasked, show.result(swept{Clusters: []found{}, Left: []infra.Resource{}}, func() {
			fmt.Fprintf(show.out, "nothing to sweep in %s\n", flags.where())
		}))
	}
	if !flags.yes {
		if err := flags.preview(show, chosen); err != nil || flags.dryRun {
			return errors.Join(err, unasked)
		}
		if !onTerminal(cmd) {
			return withHint(usagef("sweep: not confirmed"), "--yes removes them")
		}
		if !asked(cmd, "remove them? [y/N] ") {
			return usagef("sweep: not confirmed; --yes does without asking")
		}
	}
	return errors.Join(flags.sweep(ctx, show, chosen), unasked)
}

// choose takes the named clusters, or all that nothing speaks for.
func choose(all []found, ids []string) (chosen, spared []found, err error) {
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(f found) bool { return f.Cluster == id }) {
			return nil, nil, withHint(usagef("cluster %q: the account lists nothing of it", id), "flashmob orphans lists them; --all-owners, --region and --stack say where")
		}
	}
	for _, f := range all {
		named := slices.Contains(ids, f.Cluster)
		needed := f.Here != nil && (f.Here.Holder != nil || f.Here.State == infra.Up)
		switch {
		case named, len(ids) == 0 && !needed:
			chosen = append(chosen, f)
		case len(ids) == 0:
			spared = append(spared, f)
		}
	}
	return chosen, spared, nil
}

func (flags sweepFlags) preview(show *display, chosen []found) error {
	switch {
	case show.json:
		return encodeAll(show.out, chosen)
	case show.quiet:
		return nil
	}
	for _, f := range chosen {
		for _, r := range f.Resources {
			fmt.Fprintf(show.out, "would remove %v\n", r)
		}
	}
	return nil
}

func onTerminal(cmd *cobra.Command) bool {
	file, ok := cmd.InOrStdin().(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// asked asks the user.
func asked(cmd *cobra.Command, question string) bool {
	fmt.Fprint(cmd.ErrOrStderr(), question)
	answer, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y")
}

// swept is what a sweep came to.
type swept struct {
	Clusters []found          `json:"clusters"`
	Left     []infra.Resource `json:"left"`
}

// settleWait is how long what was deleted may stay listed.
const settleWait = 20 * time.Second

func (flags sweepFlags) sweep(ctx context.Context, show *display, chosen []found) error {
	begun := time.Now()
	log := show.logger()
	var errs []error
	var left []infra.Resource
	n := 0
	for _, f := range chosen {
		n += len(f.Resources)
		err := f.account.Sweep(ctx, f.Resources, func(r infra.Resource) { log.Info("sweep " + string(r.Kind) + " " + r.ID) })
		remains, listErr := f.account.Settle(ctx, infra.Filter{Run: f.Cluster}, settleWait)
		if left = append(left, remains...); len(remains) > 0 || listErr != nil {
			errs = append(errs, err, listErr)
		}
	}
	err := show.result(swept{chosen, append([]infra.Resource{}, left...)}, func() {
		for _, r := range left {
			fmt.Fprintf(show.out, "STILL THERE: %v\n", r)
		}
		fmt.Fprintf(show.out, "%d left of %d, %s\n", len(left), n, took(time.Since(begun)))
	})
	if cause := errors.Join(errs...); len(left) > 0 || cause != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("sweep: %w: %w", errInterrupted, cause)
		}
		return infraError{&infra.LeftError{Left: left, Err: cause}}
	}
	return err
}
