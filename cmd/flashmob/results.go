package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"flashmob/inventory"
	"flashmob/manifest"
	"flashmob/orchestrator"
	"flashmob/worker"
)

// resultsFlags are the flags of flashmob results.
type resultsFlags struct {
	targetFlags
	output  string
	display displayFlags
}

func newResultsCommand() *cobra.Command {
	var flags resultsFlags
	cmd := &cobra.Command{
		Use:   "results -o FOLDER",
		Short: "Fetch the rest of a run's results, and prove that they are whole",
		Long: `Results come home while a run goes on, so after flashmob run there is nothing left
to fetch: results reads them again and checks every part against the manifest.
Where the operator went away before the run's end (a closed laptop, Ctrl-C
twice, --detach), it follows the run again, fetches what is missing, then checks.
Where what is here is damaged or gone, it fetches all of it again from the
initializer, which keeps the results until the next run or flashmob down.`,
		Example: `  flashmob results -o output`,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runResults(cmd, flags) },
	}
	flags.targetFlags.register(cmd.Flags())
	cmd.Flags().StringVarP(&flags.output, "output", "o", "output", "result `FOLDER` of the run")
	flags.display.register(cmd.Flags())
	return cmd
}

// again fetches the whole results from the cluster, where what is here is not whole: that is failure. Where they cannot be
// had there, failure is what to tell.
func (flags resultsFlags) again(ctx context.Context, show *display, failure error) (*manifest.Manifest, error) {
	inv, err := flags.hosts()
	if err != nil {
		return nil, failure
	}
	initializer, ok := inv.Initializer()
	if !ok {
		return nil, failure
	}
	var id string // of the run that the folder is of
	if run, err := manifest.Peek(flags.output); err == nil {
		id = run.ID
	} else if m, err := manifest.Load(flags.output); err == nil {
		id = m.ID
	}
	show.logger().Info("fetching the results from the cluster", "host", initializer.Name, "because", failure)
	hosts := inv.Processing()
	for _, host := range hosts[:min(len(hosts), worker.MostReplicas)] { // where the log had replicas, another host may have been the initializer at the end
		fetched := fetch(ctx, inv, host, id, flags.output)
		if fetched == nil {
			return manifest.Verify(ctx, flags.output, nil)
		}
		if err == nil {
			err = fetched
		}
	}
	return nil, errors.Join(failure, err)
}

// fetch brings the results of a run from a host, if that has them.
func fetch(ctx context.Context, inv inventory.Inventory, host inventory.Host, id, output string) error {
	session, err := orchestrator.Login(ctx, inv, host)
	if err != nil {
		return err
	}
	return errors.Join(session.FetchResults(ctx, id, output), session.Close())
}

func runResults(cmd *cobra.Command, flags resultsFlags) error {
	state, err := manifest.Look(flags.output)
	if err != nil {
		return err
	}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)
	if state == manifest.Begun {
		if !show.quiet && !show.json {
			fmt.Fprintf(show.view, "%s holds a part of the run: following the rest\n", flags.output)
		}
		run := runFlags{output: flags.output, inventory: flags.inventory, stack: flags.stack, attach: true}
		quiet := *show
		quiet.displayFlags = displayFlags{quiet: true}
		_, err := run.runOnHosts(cmd.Context(), manifest.Run{}, &quiet, time.Now())
		switch {
		case errors.Is(err, orchestrator.ErrWorkerDied): // it waited for us for long enough, then left what it had
		case err != nil && exitCode(err) != exitRejects:
			return err
		}
	}
	m, err := manifest.Verify(cmd.Context(), flags.output, nil)
	if err != nil {
		if m, err = flags.again(cmd.Context(), show, err); err != nil {
			return err
		}
	}
	switch {
	case show.json:
		err = json.NewEncoder(show.out).Encode(map[string]any{
			"event": "verified", "run": m.ID, "records_in": m.Totals.In, "records_out": m.Totals.Out, "rejected": m.Totals.Rejected,
			"parts": len(m.Parts), "results": filepath.Join(flags.output, m.ResultFiles()[0]), "bytes": m.Bytes,
		})
	case !show.quiet:
		_, err = fmt.Fprintf(show.out, "%s is whole: %s rows in = %s out + %s rejected%s, %s parts\nresults  %s (%s)\n", flags.output,
			groups(m.Totals.In), groups(m.Totals.Out), groups(m.Totals.Rejected), written(m), groups(int64(len(m.Parts))), resultsOf(flags.output, m), megabytes(m.Bytes))
	}
	if err != nil {
		return err
	}
	return rejectsError(m)
}
