package exec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flashmob/classifier"
	"flashmob/flow"
)

// Name is what the application is called in manifests.
const Name = "exec"

// The modes.
const (
	Batch  = "batch"
	Lines  = "lines"
	Frames = "frames"
)

// Modes are all modes, the default first.
var Modes = []string{Batch, Lines, Frames}

// Settings say which program is run, and how.
type Settings struct {
	// Command is the program with its arguments, as for a shell.
	Command string `json:"command"`
	// Mode is Batch, Lines or Frames. Defaults to Batch.
	Mode string `json:"mode,omitempty"`
	// Timeout is how long a program may take over a batch. Defaults to 0: for ever.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Env are the names of variables that the program finds set. Their values are not the run's to keep.
	Env []string `json:"env,omitempty"`
	// Format is the input's: "csv", "lines" or "frames". Defaults to "lines".
	Format string `json:"format,omitempty"`
	// Header says that the first record of every input is its header line.
	Header bool `json:"header,omitempty"`
}

// check fills in the defaults and returns what is wrong with the rest.
func (s *Settings) check() error {
	if s.Mode == "" {
		s.Mode = Batch
	}
	switch {
	case strings.TrimSpace(s.Command) == "":
		return fmt.Errorf("exec %q: must be a command", s.Command)
	case strings.ContainsRune(s.Command, 0):
		return fmt.Errorf("exec %q: no command has a zero byte", s.Command)
	case !slices.Contains(Modes, s.Mode):
		return fmt.Errorf("exec-mode %q: must be one of %s", s.Mode, strings.Join(Modes, ", "))
	case s.Timeout < 0:
		return fmt.Errorf("timeout %s: must not be negative", s.Timeout)
	}
	return nil
}

// source returns what records are.
func (s *Settings) source() (flow.Source, error) {
	switch s.Format {
	case "", flow.Lines.Format():
		if s.Header {
			return flow.Lines.WithHeader(), nil
		}
		return flow.Lines, nil
	case flow.CSV.Format():
		if s.Header {
			return flow.CSV, nil
		}
		return flow.CSV.WithoutHeader(), nil
	case flow.Frames.Format():
		return flow.Frames, nil
	}
	return flow.Source{}, fmt.Errorf("format %q: must be csv, lines or frames", s.Format)
}

// spoken returns what records are where a program reads and gives them: frames come as lines.
func spoken(source flow.Source) flow.Source {
	if source.Format() == flow.Frames.Format() {
		return flow.Lines
	}
	return source
}

const (
	// ahead is how many batches a long-lived program has at once: one to work on, and the next to go on with.
	ahead = 2
	// aheadMost is how many it may have, where it answers none before it has more.
	aheadMost = 8
)

// Flow returns the application with the given settings. The rows that it can make are the classifier's.
func Flow(s Settings) (*flow.Flow, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	source, err := s.source()
	if err != nil {
		return nil, err
	}
	f := flow.New(Name, source)
	if s.Mode == Batch {
		f.Through("exec", 1, true, func(around flow.Surroundings) (flow.Operator, error) {
			return &batches{program: newProgram(s, around), source: spoken(around.Source)}, nil
		})
	} else {
		lanes := ahead + 1 // results of the one before are on their way out
		if s.Mode == Lines {
			lanes = aheadMost
		}
		f.Through("exec", lanes, false, func(around flow.Surroundings) (flow.Operator, error) {
			return newStreams(newProgram(s, around), protocolOf(s.Mode, spoken(around.Source))), nil
		})
	}
	if s.Format == flow.CSV.Format() {
		f.Generator = &flow.Generator{Row: classifier.AppendRow}
		if s.Header {
			f.Generator.Header = []byte(classifier.Header)
		}
	}
	return f, nil
}
