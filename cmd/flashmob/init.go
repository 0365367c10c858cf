package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultRunFile is what flashmob init writes where no other name is given.
const defaultRunFile = "flashmob.yml"

func newInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a run file with comments, to be filled in",
		Long: `Init writes a run file: every flag of flashmob run and flashmob burst as a key, with
what it means and its default, most of them commented out. It is run with
flashmob run -f FILE, by hand or from a crontab. Without a name the file is
flashmob.yml; - writes to standard output. A file that is there is left alone.`,
		Example: `  flashmob init nightly.yml
  flashmob run -f nightly.yml
  0 2 * * *  cd /srv/job && flashmob run -f nightly.yml --quiet --force      # in a crontab`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return noArguments(cmd, args[1:])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			path := defaultRunFile
			if len(args) > 0 {
				path = args[0]
			}
			text := runFileText()
			if path == "-" {
				_, err := fmt.Fprint(cmd.OutOrStdout(), text)
				return err
			}
			file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return withHint(usagef("init %q: it is there already", path), "give another name, or - for standard output")
			}
			if err != nil {
				return fmt.Errorf("init: %w", err)
			}
			if _, err := file.WriteString(text); err != nil {
				return errors.Join(fmt.Errorf("init: %w", err), file.Close())
			}
			if err := file.Close(); err != nil {
				return fmt.Errorf("init: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is written: fill it in, then flashmob run -f %s\n", path, path)
			return err
		},
	}
}

// unset are examples for the types of flags that have no default, nor a value that says so.
var unset = map[string]string{"dollars": "2usd"}

// runFileText returns a run file in which everything is explained.
func runFileText() string {
	var b strings.Builder
	b.WriteString(`# A run of flashmob: flashmob run -f FILE. Keys are the names of flags; flags and variables FLASHMOB_NAME override
# them; flashmob config show -f FILE shows what is in force. Paths begin at the folder that flashmob is run in.

input: data.csv                  # or a list: [a.csv, 'parts/*.csv', 's3://bucket/in/*.csv.gz']
exec: python3 classify.py        # any program: records in, results out
output: output                   # a folder, or s3://bucket/out/
local: true                      # on this machine; without it on the cluster that flashmob up made

# A cluster that is made for the run and ended with it: take local away, and say how large it is to be.
# size: 4
# setup: [sudo apt-get install -y python3-pandas]
# file: [classify.py]

# Variables for the program: with a value, or only a name (in a list) for one that is taken from the environment.
# env: {LEVEL: 3}
# env: [API_KEY]

# All other keys, with their defaults.
`)
	run, _ := runCommand()
	said := map[string]bool{"input": true, "exec": true, "output": true, "local": true, "size": true, "setup": true, "file": true, "env": true}
	write := func(title string, flags *pflag.FlagSet) {
		fmt.Fprintf(&b, "\n# %s\n", title)
		flags.VisitAll(func(f *pflag.Flag) {
			if said[f.Name] || notInFiles[f.Name] {
				return
			}
			said[f.Name] = true
			value, none := f.DefValue, ""
			switch _, list := f.Value.(pflag.SliceValue); {
			case list:
				value = "[]"
			case unset[f.Value.Type()] != "":
				value, none = unset[f.Value.Type()], " (default: none)"
			case value == "":
				value = "''"
			}
			_, usage := pflag.UnquoteUsage(f)
			usage += none
			fmt.Fprintf(&b, "# %-26s # %s\n", f.Name+": "+value, usage)
		})
	}
	write("Of every run.", run.Flags())
	write("Of clusters that are made for the run.", newBurst().cmd.Flags())
	return b.String()
}
