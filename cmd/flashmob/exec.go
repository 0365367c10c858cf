package main

import (
	"encoding/json"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"flashmob/apps/exec"
	"flashmob/flow"
	"flashmob/input"
)

// execFlags are the flags of a run whose records go through a program.
type execFlags struct {
	command string
	mode    string
	timeout time.Duration
	env     []string
	header  bool
}

// execTimeout is how long a program may take over a batch, where nothing else is said: many times what a batch should take,
// so that a program that hangs does not hang for ever.
const execTimeout = 10 * time.Minute

func (e *execFlags) register(f *pflag.FlagSet) {
	f.StringVar(&e.command, "exec", "", "put the records through this `COMMAND`: its standard input and output")
	f.StringVar(&e.mode, "exec-mode", exec.Batch, "batch: a process a batch; lines: a long-lived one, a record out for each in; frames: see docs/exec.md")
	f.DurationVar(&e.timeout, "timeout", execTimeout, "with --exec, kill a program that takes longer over a batch; 0 for never")
	f.StringArrayVar(&e.env, "env", nil, "with --exec, a variable `NAME=VALUE` for the program, or NAME with the value that it has here (for secrets); may be given several times")
	f.BoolVar(&e.header, "header", false, "with --exec, the input is CSV whose first line is a header, whatever its name")
}

// onlyExec are the names of flags that mean nothing without --exec.
var onlyExec = []string{"exec-mode", "timeout", "env", "header"}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// check returns what is wrong with the flags.
func (e execFlags) check(f *pflag.FlagSet) error {
	if !f.Changed("exec") {
		for _, name := range onlyExec {
			if f.Changed(name) {
				return withHint(usagef("run: --%s is for runs with a program of your own", name), "--exec 'COMMAND' names it")
			}
		}
		return nil
	}
	switch {
	case strings.TrimSpace(e.command) == "":
		return usagef("exec %q: must be a command", e.command)
	case f.Changed("app"):
		return usagef("run: --exec and --app exclude each other")
	case !slices.Contains(exec.Modes, e.mode):
		return usagef("exec-mode %q: must be %s", e.mode, strings.Join(exec.Modes, ", "))
	case e.timeout < 0:
		return usagef("timeout %s: must not be negative", e.timeout)
	case e.header && f.Changed("no-header"):
		return usagef("run: --header and --no-header exclude each other")
	}
	_, err := e.environment()
	return err
}

// environment returns the variables for the program, NAME=VALUE.
func (e execFlags) environment() ([]string, error) {
	var env []string
	for _, variable := range e.env {
		name, value, given := strings.Cut(variable, "=")
		if !variableName.MatchString(name) {
			return nil, usagef("env %q: must be NAME=VALUE, or NAME", name)
		}
		if !given {
			var there bool
			if value, there = os.LookupEnv(name); !there {
				return nil, withHint(usagef("env %s: it is not set here", name), "export %s=… first, or give it as --env %s=VALUE", name, name)
			}
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

// settings returns the application's settings for the inputs, as JSON. The values of variables are not among them: what a
// run is to be is written down, and secrets are not.
func (e execFlags) settings(inputs []string, noHeader bool) ([]byte, error) {
	format, err := e.format(inputs)
	if err != nil {
		return nil, err
	}
	s := exec.Settings{Command: e.command, Mode: e.mode, Timeout: e.timeout, Format: format, Header: format == flow.CSV.Format() && !noHeader}
	for _, variable := range e.env {
		name, _, _ := strings.Cut(variable, "=")
		s.Env = append(s.Env, name)
	}
	return json.Marshal(s)
}

// format returns how the inputs fall into records, as their names have it. Rows that are generated are CSV.
func (e execFlags) format(inputs []string) (string, error) {
	if e.header || len(inputs) == 0 {
		return flow.CSV.Format(), nil
	}
	formatOf := func(name string) string {
		switch {
		case strings.HasPrefix(name, "tcp://"):
			return flow.Frames.Format()
		case ending(name) == ".csv":
			return flow.CSV.Format()
		}
		return flow.Lines.Format()
	}
	for _, name := range inputs[1:] {
		if formatOf(name) != formatOf(inputs[0]) {
			return "", withHint(usagef("input %q: not read as %q is: a name ending in .csv is CSV with a header line, tcp:// takes frames, all else is lines", name, inputs[0]),
				"--header says that all are CSV with a header line")
		}
	}
	return formatOf(inputs[0]), nil
}

// ending returns what a name ends in, without what says how it is compressed: ".csv" of "a.csv.gz".
func ending(name string) string { return strings.ToLower(path.Ext(input.Uncompressed(name))) }
