package main

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Where a setting comes from: what stands later in this list takes the place of what stands before.
const (
	fromDefault     = "default"
	fromFile        = "file" // and then FILE:LINE
	fromEnvironment = "environment"
	fromFlag        = "flag"
)

// origins says where the settings of a command come from, by the names of its flags; those that are not in it are defaults.
type origins map[string]string

// runFileFlag adds the flag that names a run file.
func runFileFlag(f *pflag.FlagSet) {
	f.StringP("run-file", "f", "", "take settings from this `FILE` (flashmob init writes one); flags override it")
}

// variableOf returns the variable that a flag can be given by.
func variableOf(flag string) string {
	return "FLASHMOB_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// layer gives a command's flags what its run file and the environment say, where the command line says nothing. Keys that
// only other commands have (known has them all) are passed over when the command line says where the run is to be, and
// refused when it does not.
func layer(cmd *cobra.Command, known *pflag.FlagSet) (origins, error) {
	flags, name := cmd.Flags(), cmd.Name()
	from := origins{}
	flags.Visit(func(f *pflag.Flag) { from[f.Name] = fromFlag })
	path := runFile(flags)
	var settings []fileSetting
	var err error
	if path != "" {
		if settings, err = readRunFile(path, known); err != nil {
			return nil, err
		}
	}
	var failure error
	flags.VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(variableOf(f.Name))
		if value != "" && from[f.Name] == "" && !notInFiles[f.Name] {
			from[f.Name] = fromEnvironment
			failure = errors.Join(failure, give(flags, f, variableOf(f.Name), value))
		}
	})
	for _, s := range settings {
		f := flags.Lookup(s.name)
		if f == nil && from["local"]+from["inventory"]+from["stack"] == "" {
			failure = errors.Join(failure, usagef("%s: %s: means nothing to flashmob %s", s.where, s.name, name))
		}
		if f == nil || from[s.name] != "" || excludedBy(s.name, from) {
			continue
		}
		from[s.name] = fromFile + " " + s.where
		failure = errors.Join(failure, give(flags, f, s.where, s.values...))
	}
	return from, failure
}

// excludedBy reports whether a flag of the command line, or a variable, takes the place of another that the file gives.
func excludedBy(name string, from origins) bool {
	for _, pair := range [][2]string{{"input", "lines"}, {"exec", "app"}, {"header", "no-header"}, {"local", "inventory"}, {"local", "stack"}} {
		for i, one := range pair {
			other := from[pair[1-i]]
			if name == one && (other == fromFlag || other == fromEnvironment) {
				return true
			}
		}
	}
	return false
}

// give sets a flag. where says who does.
func give(flags *pflag.FlagSet, f *pflag.Flag, where string, values ...string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		f.Changed = true
		return list.Replace(values)
	}
	if err := flags.Set(f.Name, values[0]); err != nil {
		if want, known := wanted[f.Value.Type()]; known {
			return usagef("%s: %s %q: must be %s", where, f.Name, values[0], want)
		}
		return usagef("%s: %s %q: it cannot be", where, f.Name, values[0])
	}
	return nil
}

// runFile returns the path of the run file, or "" where there is none.
func runFile(flags *pflag.FlagSet) string {
	return cmp.Or(flags.Lookup("run-file").Value.String(), os.Getenv(variableOf("run-file")))
}

// clusterKeys are keys of a run file that make run a burst, unless the command line, or a variable, says where it runs.
var clusterKeys = []string{"size", "type", "spot", "cloud"}

// placeKeys are the flags that say where a run is to be.
var placeKeys = []string{"local", "inventory", "stack"}

// becomesBurst returns the command burst, with run's flags, where the run file wants a cluster that is made for the run.
func becomesBurst(cmd *cobra.Command) (*burst, error) {
	flags := cmd.Flags()
	path := runFile(flags)
	if path == "" || slices.ContainsFunc(placeKeys, func(name string) bool { return flags.Changed(name) || os.Getenv(variableOf(name)) != "" }) {
		return nil, nil
	}
	b := newBurst()
	settings, err := readRunFile(path, known(cmd.Flags()))
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(settings, func(s fileSetting) bool { return slices.Contains(clusterKeys, s.name) }) {
		return nil, nil
	}
	b.cmd.SetContext(cmd.Context())
	b.cmd.SetOut(cmd.OutOrStdout())
	b.cmd.SetErr(cmd.ErrOrStderr())
	var failure error
	flags.Visit(func(f *pflag.Flag) {
		own := b.cmd.Flags().Lookup(f.Name)
		if own == nil {
			failure = usagef("run: --%s is not for a cluster that is made for the run, as %s wants it", f.Name, path)
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		failure = errors.Join(failure, give(b.cmd.Flags(), own, "--"+f.Name, values...))
	})
	return b, failure
}

// known returns all flags that a run file may have keys of: those of run and those of burst.
func known(flags *pflag.FlagSet) *pflag.FlagSet {
	all := pflag.NewFlagSet("run file", pflag.ContinueOnError)
	all.AddFlagSet(flags)
	all.AddFlagSet(newBurst().cmd.Flags())
	run, _ := runCommand()
	all.AddFlagSet(run.Flags())
	return all
}
