package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"flashmob/internal/buildinfo"
)

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	report(stderr, err)
	return exitCode(err)
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "flashmob",
		Short: "Run a batch job over a CSV on every core there is, with exact results",
		Long: `flashmob streams a CSV through workers and brings back the results: in the
input's order, byte for byte the same for any number of workers, every record
either in the results or in the rejects.`,
		Example: `  flashmob run --local --lines 1000000 -o output      # generate and classify a million rows
  flashmob run --local --input data.csv -o output     # a CSV of your own
  flashmob verify output                              # prove that the results are whole`,
		Version: buildinfo.Version(),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		SilenceErrors: true, // report has the last word
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("flashmob {{.Version}}\n")
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelpCommand())
	root.AddCommand(newRunCommand(), newGenerateCommand(), newVerifyCommand())
	root.AddCommand(newUpCommand(), newDownCommand(), newBurstCommand(), newResultsCommand())
	root.AddCommand(newStatusCommand(), newDashCommand(), newTopCommand(), newHostsCommand(), newLogsCommand(), newSSHCommand())
	root.AddCommand(newSendCommand(), newReceiveCommand(), newShutdownCommand(), newJoinCommand(), newShrinkCommand(), newDemoCommand())
	root.AddCommand(newOrphansCommand(), newSweepCommand(), newDoctorCommand(), newPricesCommand(), newPlanCommand(), newBenchCommand(), newChaosCommand())
	root.AddCommand(newInitCommand(), newConfigCommand())
	return root
}
