package flow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Operator is a stage that takes the records of a batch together, as a program does. One is opened for every slot.
type Operator interface {
	// Process returns what comes of a bundle, which it does not keep. It is called by as many goroutines at once as the
	// flow has lanes, or one more, so that the next bundle is there when the one before it is done. An error that is a
	// *Failure is the bundle's; any other ends the run.
	Process(ctx context.Context, in Bundle) (Yield, error)
	// Close ends the operator. Nobody waits in Process.
	Close() error
}

// Bundle is the records of a batch, for an Operator.
type Bundle struct {
	Header  []byte // the input's header line, with a line end; nil where it has none
	Records []byte // whole records; the last of an input may lack its line end
	Count   int64
	More    bool   // another bundle waits for this slot
	Room    []byte // memory that the yield may lie in
	Apart   bool   // it is a trial: others must not wait for it, nor it for them
	// Within is how long it may take, where that is less than the operator would give it. Defaults to 0: no less.
	Within time.Duration
}

// Yield is what an Operator made of a bundle.
type Yield struct {
	Header  []byte // the results' header line, with or without a line end; nil where there is none
	Records []byte
	Room    []byte // what the records lie in, to be used again
	Count   int64
	Took    time.Duration // how long the operator was busy with it, without Start
	Start   time.Duration // what starting took, where the operator is started anew for every bundle
}

// Failure says that an Operator could not do a bundle. It may well do a part of it.
type Failure struct {
	Reason string
	// Fatal says that what the operator has given so far cannot be trusted, so that the run has to end.
	Fatal bool
	// TimedOut says that it took longer than it may.
	TimedOut bool
	// Enough is how many records it did before it ended well in the middle of the bundle, as one does that takes so many and no
	// more. Defaults to 0: it did not.
	Enough int64
}

// ErrUntrusted is in the text of a fatal failure, and so in that of all errors that come of one, on whatever host.
var ErrUntrusted = errors.New("what the program has given so far cannot be trusted")

func (f *Failure) Error() string {
	if f.Fatal {
		return f.Reason + "; " + ErrUntrusted.Error()
	}
	return f.Reason
}

// Surroundings are what an Operator finds where it is opened.
type Surroundings struct {
	Env    []string  // NAME=VALUE, beside the process's own
	Stderr io.Writer // takes what programs say beside their results; nil for nobody
	// Ending reports whether no more bundles are to be expected, so that nobody need wait for one. Defaults to nil: nobody knows.
	Ending func() bool
	// Hungry is what an Operator calls that gives nothing unless it has more bundles at once: from then on it gets as many as
	// the flow has lanes. Defaults to nil: it gets them anyway.
	Hungry func()
	Source Source // what records are; OpenOperator fills it in
}

// opening is how the operator of a flow is opened.
type opening struct {
	name    string
	lanes   int
	started bool
	open    func(Surroundings) (Operator, error)
}

// Through makes an operator the flow's only stage. lanes is how many bundles one takes at once. started says that it is
// started anew for every bundle, so that larger ones are better. The results' header line is the one that it gives.
func (f *Flow) Through(name string, lanes int, started bool, open func(Surroundings) (Operator, error)) *Flow {
	if len(f.stages)+len(f.keyed) > 0 {
		panic(fmt.Sprintf("flow %s: operator %s stands beside other stages", f.Name, name))
	}
	f.operator = &opening{name: name, lanes: lanes, started: started, open: open}
	return f
}

// HasOperator reports whether the flow's stage is an operator.
func (f *Flow) HasOperator() bool { return f.operator != nil }

// IsStarted reports whether the flow has an operator that is started anew for every bundle.
func (f *Flow) IsStarted() bool { return f.operator != nil && f.operator.started }

// Lanes returns how many batches a slot of the flow works on at once.
func (f *Flow) Lanes() int {
	if f.operator == nil {
		return 1
	}
	return max(f.operator.lanes, 1)
}

// OpenOperator opens the flow's operator, which it must have.
func (f *Flow) OpenOperator(s Surroundings) (Operator, error) {
	s.Source = f.Source
	o, err := f.operator.open(s)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.operator.name, err)
	}
	return o, nil
}
