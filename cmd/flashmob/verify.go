package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"flashmob/manifest"
)

func newVerifyCommand() *cobra.Command {
	var inputs []string
	cmd := &cobra.Command{
		Use:   "verify FOLDER",
		Short: "Check a result folder against its manifest",
		Long: `Verify reads a result folder again and checks everything that the manifest says
of it: that the parts cover the input without gap or overlap, the hash of every
part, the number of records in each, the totals, and the rejects. With --input
it also checks that the input still is the one that was processed.`,
		Example: `  flashmob verify output
  flashmob verify output --input data.csv`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return withHint(usagef("verify: one folder is needed, not %d", len(args)), "try flashmob verify output")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := manifest.VerifyWith(cmd.Context(), args[0], inputs, objectsIn(cmd.Context()))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is whole: %s rows in = %s out + %s rejected%s, %s parts\n", args[0],
				groups(m.Totals.In), groups(m.Totals.Out), groups(m.Totals.Rejected), written(m), groups(int64(len(m.Parts))))
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&inputs, "input", nil, "`FILE` that was processed; may be given several times, in the order of the run")
	return cmd
}
