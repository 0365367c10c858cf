package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"flashmob/apps"
	"flashmob/flow"
	"flashmob/input"
	"flashmob/internal/scratch"
	"flashmob/manifest"
	"flashmob/orchestrator"
)

// taste runs the first records of the first input, here, and shows what comes of them. Nothing is kept.
func (flags runFlags) taste(cmd *cobra.Command) (err error) {
	identity, err := flags.identity(cmd.Context())
	if err != nil {
		return err
	}
	own, err := scratch.New("flashmob-sample-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Remove()) }()
	dir := own.Path
	first := identity.Inputs[0]
	if first.IsGenerated() {
		first.Size = min(first.Size, flags.sampled)
	} else if first, err = flags.head(identity, first, dir); err != nil {
		return err
	}
	identity.Inputs, identity.Compress, identity.Results = []input.Input{first}, "none", "results.txt"
	env, err := flags.environment()
	if err != nil {
		return err
	}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), displayFlags{quiet: true})
	run, err := orchestrator.New(orchestrator.Config{
		Identity: identity, Output: filepath.Join(dir, "out"), Workers: 1, BatchRows: flags.batchRows, Flow: apps.New, Log: show.logger(), Env: env,
		Stderr: cmd.ErrOrStderr(),
	})
	if err != nil {
		return usageError{err}
	}
	ended := follow(cmd.Context(), run, show, filepath.Join(dir, "out"), false)
	if ended != nil && !errors.Is(ended, errRejects) {
		return ended
	}
	results, err := os.Open(filepath.Join(dir, "out", identity.Results))
	if err != nil {
		return err
	}
	defer results.Close()
	if _, err := io.Copy(cmd.OutOrStdout(), results); err != nil {
		return fmt.Errorf("show results: %w", err)
	}
	return errors.Join(flags.showRejects(cmd, filepath.Join(dir, "out", manifest.RejectsFile)), ended)
}

// head copies the first records of an input to a file.
func (flags runFlags) head(run manifest.Run, in input.Input, dir string) (input.Input, error) {
	f, err := apps.New(run.App, run.Settings)
	if err != nil {
		return in, err
	}
	source, err := f.Source.Dialect(run.Delimiter, run.Quote)
	if err != nil {
		return in, usageError{err}
	}
	left := flags.sampled
	if source.HasHeader() && !run.NoHeader {
		left++
	}
	stream, err := in.Open()
	if err != nil {
		return in, err
	}
	defer stream.Close()
	name := filepath.Join(dir, "input")
	file, err := os.Create(name)
	if err != nil {
		return in, err
	}
	if err := errors.Join(copyRecords(file, stream, source.Cutter(), left), file.Close()); err != nil {
		return in, err
	}
	return input.Stat(name)
}

// copyRecords copies the first n records.
func copyRecords(w io.Writer, r io.Reader, cutter *flow.Cutter, n int64) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for n > 0 {
		block, err := in.Peek(1)
		if len(block) == 0 {
			if err == io.EOF {
				return nil
			}
			return err
		}
		block, _ = in.Peek(in.Buffered()) // what is there is there
		end, ended := cutter.Next(block)
		if ended {
			n--
		}
		if _, err := w.Write(block[:end]); err != nil {
			return err
		}
		if _, err := in.Discard(end); err != nil {
			return err
		}
	}
	return nil
}

// showRejects shows why records were rejected, if any were.
func (flags runFlags) showRejects(cmd *cobra.Command, path string) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("show rejects: %w", err)
	}
	for _, r := range records[1:] {
		if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "rejected: line %s: %s\n", r[1], r[3]); err != nil {
			return err
		}
	}
	return nil
}
