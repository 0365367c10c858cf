package main

import (
	"bufio"
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"

	"flashmob/apps"
	"flashmob/classifier"
)

func newGenerateCommand() *cobra.Command {
	var flags struct {
		lines int64
		seed  uint64
		app   string
	}
	cmd := &cobra.Command{
		Use:   "generate --lines N",
		Short: "Write generated input to standard output",
		Long: `Generate writes the input that an application would make for itself: one header
line and N rows, a function of the seed alone.`,
		Example: `  flashmob generate --lines 1000000 --seed 7 > data.csv
  flashmob generate --lines 1000000 | gzip > data.csv.gz`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("lines") {
				return withHint(usagef("generate: how many rows?"), "try flashmob generate --lines 1000000 > data.csv")
			}
			if flags.lines < 0 {
				return usagef("lines %d: must be 0 or more", flags.lines)
			}
			flow, err := apps.New(flags.app, nil)
			if err != nil {
				return err
			}
			if flow.Generator == nil {
				return usagef("generate: %s makes no input", flags.app)
			}
			out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<20)
			if header := flow.Generator.Header; header != nil {
				out.Write(append(header, '\n')) // bufio keeps the first error for Flush
			}
			const step = 1000
			var rows []byte
			for i := int64(0); i < flags.lines; i += step {
				rows = flow.Generator.Append(rows[:0], flags.seed, i, min(i+step, flags.lines))
				if _, err := out.Write(rows); err != nil {
					break
				}
			}
			if err := out.Flush(); err != nil && !errors.Is(err, syscall.EPIPE) { // as with | head
				return fmt.Errorf("write rows: %w", err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.Int64Var(&flags.lines, "lines", 0, "`N` rows")
	f.Uint64Var(&flags.seed, "seed", 1, "rows are a function of it")
	f.StringVar(&flags.app, "app", classifier.Name, "application")
	return cmd
}
