package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"flashmob/orchestrator"
)

// logsFlags are the flags of flashmob logs.
type logsFlags struct {
	targetFlags
	run  string
	tail int
	json bool
}

func newLogsCommand() *cobra.Command {
	var flags logsFlags
	cmd := &cobra.Command{
		Use:   "logs [HOST...]",
		Short: "Show what the workers have written to their logs",
		Long: `Logs fetches the log of a run from every host at once, or from those that are
named. A run that came to its end has taken its logs away with it; those of one
that goes on, or that failed, are there until the next one or flashmob down.`,
		Example: `  flashmob logs
  flashmob logs workers-2 --tail 50`,
		RunE: func(cmd *cobra.Command, args []string) error { return runLogs(cmd, flags, args) },
	}
	f := cmd.Flags()
	flags.targetFlags.register(f)
	f.StringVar(&flags.run, "run", "", "`ID` of the run (default: the newest that each host has)")
	f.IntVar(&flags.tail, "tail", 0, "only the last `N` lines of each host (default: all)")
	f.BoolVar(&flags.json, "json", false, "show it as JSON, a line a line")
	return cmd
}

func runLogs(cmd *cobra.Command, flags logsFlags, names []string) error {
	if flags.tail < 0 || strings.ContainsAny(flags.run, "/'") {
		return usagef("logs: --tail must not be negative, --run must be the ID of a run")
	}
	inv, err := flags.hosts()
	if err != nil {
		return err
	}
	picked, err := pick(inv, names)
	if err != nil {
		return err
	}
	reader := "cat"
	if flags.tail > 0 {
		reader = fmt.Sprintf("tail -n %d", flags.tail)
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	var mu sync.Mutex
	found := false
	errs := onHosts(cmd.Context(), inv, picked, func(ctx context.Context, i int, s *orchestrator.Session) error {
		name := picked[i].Name
		// The newest of the host's logs, or the named run's; a host without one says nothing.
		command := fmt.Sprintf(`for f in $(ls -1t .flashmob/runs/*/%[1]s.log 2>/dev/null); do case $f in *'/%[2]s'*) %[3]s "$f"; break;; esac; done`,
			name, flags.run, reader)
		text, err := s.Run(ctx, command)
		mu.Lock()
		defer mu.Unlock()
		for line := range strings.Lines(text) {
			found = true
			line = strings.TrimSuffix(line, "\n")
			if flags.json {
				_ = json.NewEncoder(out).Encode(map[string]string{"host": name, "line": line}) // flushing it reports
			} else {
				fmt.Fprintf(out, "%s: %s\n", name, line)
			}
		}
		return err
	})
	if err := errors.Join(append(errs, out.Flush())...); err != nil {
		return err
	}
	if !found {
		fmt.Fprintln(cmd.ErrOrStderr(), "no logs: no run goes on there, and none has failed")
	}
	return nil
}
