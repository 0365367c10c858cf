package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What the user typed that cannot be meant: unknown commands, flags and values. All of it is exit code 2.

// unknownCommand returns the error for a word that names no command of cmd's.
func unknownCommand(cmd *cobra.Command, word string) error {
	err := usagef("%q: no such command", word)
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return withHint(err, "did you mean %s?", strings.Join(near, " or "))
	}
	return withHint(err, "%s --help lists the commands", cmd.CommandPath())
}

// noArguments refuses arguments that are not flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return withHint(usagef("%s %q: unexpected", cmd.CommandPath(), args[0]), "%s --help shows how it is called", cmd.CommandPath())
	}
	return nil
}

// flagError turns an error of the flag parser into one in our own words.
func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		if want, known := wanted[value.GetFlag().Value.Type()]; known {
			err = fmt.Errorf("%s %q: must be %s", value.GetFlag().Name, value.GetValue(), want)
		} else {
			err = fmt.Errorf("%s: %w", value.GetFlag().Name, errors.Unwrap(value))
		}
	}
	return withHint(usageError{err}, "%s --help lists the flags", cmd.CommandPath())
}

// wanted says what a value of a flag's type looks like.
var wanted = map[string]string{
	"int":      "a whole number, such as 4",
	"int64":    "a whole number, such as 1000000",
	"uint64":   "a whole number that is not negative, such as 7",
	"duration": "a duration, such as 3.5ms",
	"bool":     "true or false",
	"dollars":  "an amount of money, such as 2usd",
	"size":     "a number of bytes, or of KiB, MiB or GiB, such as 16MiB",
}

// newHelpCommand returns `flashmob help`, which unlike cobra's own fails when there is nothing to tell.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Tell how a command is used",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag() // shown among the flags
			return about.Help()
		},
	}
}
