package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"flashmob/manifest"
	"flashmob/timeline"
	"flashmob/worker"
)

// Config is what a run is to be.
type Config struct {
	// Identity says what determines the results. Its ID is left empty: a new run gets one, a resumed run has one.
	Identity manifest.Run
	// Output is the result folder.
	Output string
	// Resume goes on with the unfinished run in Output, instead of beginning one.
	Resume bool
	// Workers is how many slots there are, on all processes together. Defaults to the number of cores.
	Workers int
	// Processes is how many worker processes are started. Defaults to 0: the slots are in this process.
	Processes int
	// WorkerProgram is the path of the worker's binary, needed when Processes is not 0.
	WorkerProgram string
	// Listen is the address of the log for worker processes. Defaults to a free port of the loopback interface.
	Listen string
	// BatchRows fixes the records in a batch. Defaults to 0: batches size themselves.
	BatchRows int
	// Sink is where result lines are sent besides, HOST:PORT. Defaults to nowhere.
	Sink string
	// External is the address that the run can be asked to end at, HOST:PORT; the i-th worker process takes the i-th port
	// behind it. Defaults to none.
	External string
	// Watcher takes in what is said of the run. Defaults to nobody.
	Watcher worker.Watcher
	// Flow makes the application's flow.
	Flow worker.MakeFlow
	// Env are variables for the programs that the flow starts, NAME=VALUE. Defaults to none.
	Env []string
	// Stderr takes what those programs say, where the slots are in this process. Defaults to nobody.
	Stderr io.Writer
	// Log receives what the operator should know. Defaults to nothing.
	Log *slog.Logger
}

// check fills in the defaults and returns what is wrong with the rest.
func (c *Config) check() error {
	if c.Workers == 0 {
		c.Workers = max(runtime.GOMAXPROCS(0), c.Processes)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	switch {
	case c.Workers < 0:
		return fmt.Errorf("workers %d: must be 1 or more", c.Workers)
	case c.Processes < 0:
		return fmt.Errorf("processes %d: must be 0 or more", c.Processes)
	case c.Workers < c.Processes:
		return fmt.Errorf("workers %d: every one of %d processes needs one", c.Workers, c.Processes)
	case c.BatchRows < 0:
		return fmt.Errorf("batch-rows %d: must be 0 or more", c.BatchRows)
	}
	return nil
}

// Orchestrator is one run. Make it with New and Run it once.
type Orchestrator struct {
	Config
	folder      *manifest.Folder
	initializer atomic.Pointer[worker.Initializer]
	workers     []*process // each is in the hands of one goroutine while the run goes on
	manifest    *manifest.Manifest
	phases      []manifest.Phase
	draining    chan struct{}
	lanes       timeline.Timeline
}

// New returns a run that is ready to start.
func New(config Config) (*Orchestrator, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	return &Orchestrator{Config: config, draining: make(chan struct{})}, nil
}

// phase is a step of a run. undo, if there is one, reverts it at the end, whatever came in between.
type phase struct {
	name string
	do   func(ctx context.Context) error
	undo func() error
}

// Run brings the run to its end and returns its manifest. A run that Drain ended early returns worker.ErrDrained.
func (o *Orchestrator) Run(ctx context.Context) (m *manifest.Manifest, err error) {
	phases := []phase{
		{name: "prepare", do: o.prepare, undo: func() error { return errors.Join(distrust(o.folder, err), o.release()) }},
		{name: "start", do: o.start, undo: o.stop},
		{name: "work", do: o.work},
		{name: "finish", do: o.finish},
	}
	defer o.lanes.EndAll()
	for _, p := range phases {
		begun := time.Now()
		o.lanes.Begin(timeline.RunLane, p.name)
		if p.undo != nil {
			defer func() { err = errors.Join(err, p.undo()) }()
		}
		if err := p.do(ctx); err != nil {
			return nil, err
		}
		o.phases = append(o.phases, manifest.Phase{Name: p.name, Seconds: time.Since(begun).Seconds()})
	}
	return o.manifest, nil
}

// Drain ends the run early: nothing more is handed out, what is under way is finished. Call it once.
func (o *Orchestrator) Drain() { close(o.draining) }

// Status returns how far the run is, and false until it has begun.
func (o *Orchestrator) Status() (worker.Status, bool) {
	in := o.initializer.Load()
	if in == nil {
		return worker.Status{}, false
	}
	return in.Status(), true
}

// Spans returns what happened when: the phases of the run and of its processes.
func (o *Orchestrator) Spans() []timeline.Span { return o.lanes.Spans() }

// Phases returns the phases that are over, and how long they took.
func (o *Orchestrator) Phases() []manifest.Phase { return o.phases }
