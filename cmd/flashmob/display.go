package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"flashmob/dashboard"
	"flashmob/manifest"
	"flashmob/worker"
)

// What a run shows, and where: progress and events go to standard error, as a bar on a terminal and as plain lines
// elsewhere; the summary goes to standard output. With --json everything but errors is JSON, a line an event, on
// standard output. Errors and hints are exit.go's.

// displayFlags choose how a run is shown.
type displayFlags struct {
	json, quiet, verbose bool
}

func (d *displayFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&d.json, "json", false, "show progress and summary as JSON, a line an event")
	f.BoolVarP(&d.quiet, "quiet", "q", false, "show nothing but errors")
	f.BoolVarP(&d.verbose, "verbose", "v", false, "show more of what happens")
}

// lookFlags choose how a command that only looks shows what it sees.
type lookFlags struct {
	json, quiet bool
}

func (l *lookFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&l.json, "json", false, "show it as JSON, a line an item")
	f.BoolVarP(&l.quiet, "quiet", "q", false, "show nothing but errors: the exit code tells")
}

// display shows a run.
type display struct {
	displayFlags
	out, err io.Writer
	meter    dashboard.Meter
	draining bool   // the run will end before the input does
	heeds    func() // called when follow has begun to heed signals; nil for nobody
	view     view
	record   *reckoning             // of the run that is shown; nil for none
	seen     func() *dashboard.View // of the run, the newest; nil where no report is to be written
	split    int                    // how many files the results go into; 0 for the one
	steers   *steersman             // keeps it within its limits; nil where there are none
	patience time.Duration          // how long a program may give nothing before that is said; 0 for worker.LongWait
}

// view shows progress while the run goes on.
type view interface {
	io.Writer // of lines that must not break the view
	progress(p dashboard.Progress)
	close()
}

func newDisplay(out, err io.Writer, flags displayFlags) *display {
	d := &display{displayFlags: flags, out: out, err: err}
	file, isFile := err.(*os.File)
	switch {
	case flags.json:
		d.view = jsonView{json.NewEncoder(out)}
	case flags.quiet:
		d.view = silentView{err}
	case isFile && term.IsTerminal(int(file.Fd())):
		d.view = newBarView(file)
	default:
		d.view = &lineView{Writer: err}
	}
	return d
}

// logger returns where the run's events go.
func (d *display) logger() *slog.Logger {
	level := slog.LevelInfo
	switch {
	case d.quiet:
		level = slog.LevelError
	case d.verbose:
		level = slog.LevelDebug
	}
	if d.json {
		return slog.New(slog.NewJSONHandler(d.out, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(&plainHandler{out: d.view, level: level})
}

// aside returns what takes in what the run's programs say beside their results: nobody, unless more is to be shown.
func (d *display) aside() io.Writer {
	if d.verbose && !d.json {
		return d.view
	}
	return nil
}

// update shows how far the run is now, and keeps it within its limits; drain ends it early.
func (d *display) update(ctx context.Context, s worker.Status, drain func()) {
	p := d.meter.Read(s, time.Now())
	if d.steers != nil && !d.draining {
		d.steers.look(ctx, s, p.Left, func() {
			d.draining = true
			drain()
		})
	}
	d.mind(s)
	if d.draining {
		p.Left, p.LeftSecond = -1, -1
	}
	d.view.progress(p)
}

// mind says that a program gives nothing: after a while, and then every time that has doubled.
func (d *display) mind(s worker.Status) {
	name, wait := s.Unanswered()
	d.patience = max(d.patience, worker.LongWait)
	switch {
	case wait == nil:
		d.patience = worker.LongWait
	case wait.For >= d.patience:
		d.patience = 2 * wait.For
		d.logger().Warn("a program gives nothing: --timeout says how long it may take over a batch", "worker", name, "slot", wait.Slot, "waited", wait.For.Round(time.Second))
	}
}

// already says that there is nothing to do.
func (d *display) already(folder string, m *manifest.Manifest) error {
	if d.json {
		return d.summary(folder, m, m.Phases, 0)
	}
	if !d.quiet {
		fmt.Fprintf(d.out, "%s holds the results of this very run already (%s); --force runs it again\n", folder, m.ID)
	}
	return rejectsError(m)
}

// rejectsError returns errRejects for a run with rejects.
func rejectsError(m *manifest.Manifest) error {
	if m.Totals.Rejected > 0 {
		return errRejects
	}
	return nil
}
