package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flashmob/apps"
	"flashmob/apps/votes"
	"flashmob/input"
	"flashmob/internal/buildinfo"
	"flashmob/internal/scratch"
	"flashmob/manifest"
	"flashmob/orchestrator"
)

func newDemoCommand() *cobra.Command {
	var delay time.Duration
	cmd := &cobra.Command{
		Use:   "demo votes",
		Short: "See what partitions are for: 52 votes, half a second each",
		Long: `Demo votes runs three experiments with 52 votes, each of which keeps its letter's owner
busy for --delay: twice the alphabet on one worker; the same on two, which share the
letters; and 52 votes for one letter on two, which cannot share it.`,
		Example: `  flashmob demo votes
  flashmob demo votes --delay 50ms`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != votes.Name {
				return withHint(usagef("demo: there is one, votes"), "try flashmob demo votes")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), delay, cmd.OutOrStdout()) },
	}
	cmd.Flags().DurationVar(&delay, "delay", 500*time.Millisecond, "how long a vote keeps its letter's owner busy")
	return cmd
}

// alphabet is one vote for every letter, then two for every letter; monotony is 52 votes for one letter.
func alphabet() (b []byte) {
	for n := range uint32(2) {
		for letter := byte('a'); letter <= 'z'; letter++ {
			b = appendVote(b, letter, n+1)
		}
	}
	return b
}

func monotony() (b []byte) {
	for range 52 {
		b = appendVote(b, 'a', 1)
	}
	return b
}

func appendVote(b []byte, letter byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(binary.BigEndian.AppendUint32(b, 5), letter), n)
}

func runDemo(ctx context.Context, delay time.Duration, out io.Writer) (err error) {
	dir, err := scratch.New("flashmob-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "52 votes\tworkers\tletters of each\ttime\tlast line")
	for i, experiment := range []struct {
		what    string
		votes   []byte
		workers int
	}{{"a to z, twice", alphabet(), 1}, {"a to z, twice", alphabet(), 2}, {"a, 52 times", monotony(), 2}} {
		took, last, err := runVotes(ctx, filepath.Join(dir.Path, fmt.Sprint(i)), experiment.votes, experiment.workers, delay)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%.1f s\t%s\n", experiment.what, experiment.workers, split(experiment.workers), took.Seconds(), last)
		fmt.Fprintf(out, "%s, %d workers: %.1f s\n", experiment.what, experiment.workers, took.Seconds())
	}
	fmt.Fprintln(out)
	return w.Flush()
}

// split says how many letters each of n workers has: they are dealt in turn.
func split(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprint((26-i+n-1)/n))
	}
	return strings.Join(parts, " / ")
}

// runVotes counts votes on so many worker processes, and returns how long it took and the last line of the results.
func runVotes(ctx context.Context, dir string, ballot []byte, workers int, delay time.Duration) (time.Duration, string, error) {
	path := dir + ".msg"
	if err := os.WriteFile(path, ballot, 0o600); err != nil {
		return 0, "", err
	}
	in, err := input.Stat(path)
	if err != nil {
		return 0, "", err
	}
	settings, err := json.Marshal(votes.Settings{Delay: delay})
	if err != nil {
		return 0, "", err
	}
	program, err := runFlags{processes: workers}.workerProgram()
	if err != nil {
		return 0, "", err
	}
	run, err := orchestrator.New(orchestrator.Config{
		Identity: manifest.Run{
			Version: buildinfo.Version(), Program: buildinfo.ID(), App: votes.Name, Settings: settings, MaxRecord: 1 << 20,
			Compress: "none", Results: "results.txt", Inputs: []input.Input{in},
		},
		Output: dir, Workers: workers, Processes: workers, WorkerProgram: program, Flow: apps.New,
	})
	if err != nil {
		return 0, "", err
	}
	begun := time.Now()
	if _, err := run.Run(ctx); err != nil {
		return 0, "", err
	}
	took := time.Since(begun)
	results, err := os.ReadFile(filepath.Join(dir, "results.txt"))
	lines := bytes.Split(bytes.TrimSpace(results), []byte{'\n'})
	return took, string(lines[len(lines)-1]), err
}
