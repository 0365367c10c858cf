package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Look at what a run would be told",
		Example: `  flashmob config show -f nightly.yml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigShowCommand())
	return cmd
}

func newConfigShowCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "show [-f FILE] [the flags of run and burst]",
		Short: "Show the settings that are in force, and where each comes from",
		Long: `Show lists the settings that flashmob run would have with the same flags, and where
each comes from: its default, the run file, a variable FLASHMOB_NAME, or a flag.
What stands later in this list takes the place of what stands before. Values of
--env are not shown.`,
		Example: `  flashmob config show -f nightly.yml
  FLASHMOB_WORKERS=8 flashmob config show -f nightly.yml --output elsewhere
  flashmob config show --all`,
		Args: noArguments,
	}
	b := newBurst()
	run, _ := runCommand()
	f := cmd.Flags()
	runFileFlag(f)
	f.BoolVar(&all, "all", false, "show defaults, too")
	for _, flags := range []*pflag.FlagSet{run.Flags(), b.cmd.Flags()} {
		flags.VisitAll(func(flag *pflag.Flag) {
			if f.Lookup(flag.Name) == nil {
				f.AddFlag(flag)
			}
		})
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, err := layer(cmd, f)
		if err != nil {
			return err
		}
		return showSettings(cmd, from, all)
	}
	return cmd
}

// showSettings lists settings by their names.
func showSettings(cmd *cobra.Command, from origins, all bool) error {
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	delete(from, "json")
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	var failure error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		origin := from[f.Name]
		if notInFiles[f.Name] || f.Name == "all" || origin == "" && !all {
			return
		}
		if origin == "" {
			origin = fromDefault
		}
		value := shown(f)
		if !asJSON {
			fmt.Fprintf(w, "%s\t%s\t%s\n", f.Name, value, origin)
			return
		}
		if err := json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"key": f.Name, "value": value, "origin": origin}); err != nil {
			failure = err
		}
	})
	if failure != nil {
		return failure
	}
	return w.Flush()
}

// shown returns a flag's value as it may be shown: of variables only the names.
func shown(f *pflag.Flag) string {
	list, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return f.Value.String()
	}
	values := slices.Clone(list.GetSlice())
	if f.Name == "env" {
		for i, variable := range values {
			if name, _, given := strings.Cut(variable, "="); given {
				values[i] = name + "=…"
			}
		}
	}
	return strings.Join(values, ", ")
}
