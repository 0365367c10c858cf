package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"flashmob/bench"
	"flashmob/bench/plot"
)

func newBenchReportCommand() *cobra.Command {
	var results string
	var display displayFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Make the tables and plots again, from the records",
		Long: `Report reads every series of runs in the folder and writes what is made of them
beside it, into report/: tables as Markdown, text and CSV, plots as SVG and PNG.
Records that are wrong or missing are named, and then the exit code is 1.`,
		Example: `  flashmob bench report
  flashmob bench report --results bench/results`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			series, err := bench.ReadSeries(results)
			if errors.Is(err, bench.ErrNoSeries) {
				return withHint(err, "flashmob bench --rows 10k,100k --sizes 1,2 --local measures one")
			}
			return errors.Join(err, showSeries(cmd, series, results, display))
		},
	}
	cmd.Flags().StringVar(&results, "results", "bench/results", "`FOLDER` with the records")
	display.register(cmd.Flags())
	return cmd
}

// errFaults says that records are wrong or missing.
var errFaults = errors.New("records are wrong or missing")

// showSeries makes the tables and plots of series, and shows the tables.
func showSeries(cmd *cobra.Command, all []*bench.Series, results string, flags displayFlags) error {
	dir := filepath.Join(results, "report")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	var faults []string
	for _, s := range all {
		files, err := writeSeries(s, dir)
		if err != nil {
			return err
		}
		faults = append(faults, s.Faults()...)
		switch {
		case flags.json:
			if err := json.NewEncoder(out).Encode(map[string]any{"event": "series", "name": s.Name, "faults": s.Faults(), "files": files}); err != nil {
				return err
			}
		case !flags.quiet:
			fmt.Fprintf(out, "%s\n\n%s\n", s.Heading(), s.Table().Text())
		}
	}
	if !flags.json && !flags.quiet {
		fmt.Fprintf(out, "tables and plots: %s\n", dir)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w:\n%s", errFaults, strings.Join(faults, "\n"))
	}
	return nil
}

// writeSeries writes everything that is made of a series.
func writeSeries(s *bench.Series, dir string) (files []string, err error) {
	table, err := s.CSV()
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{".md": s.Page(), ".txt": s.Heading() + "\n\n" + s.Table().Text(), ".csv": table} {
		path := filepath.Join(dir, s.FileName()+name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	plots, err := plot.All(s)
	if err != nil {
		return nil, err
	}
	for _, p := range plots {
		paths, err := p.Write(dir)
		if err != nil {
			return nil, err
		}
		files = append(files, paths...)
	}
	return files, nil
}
