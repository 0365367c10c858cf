package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"flashmob/apps"
	"flashmob/input"
	"flashmob/manifest"
	"flashmob/orchestrator"
	"flashmob/worker"
)

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("something"), 1},
		{fmt.Errorf("run: %w", syscall.ENOSPC), 1},
		{usagef("lines -1"), 2},
		{withHint(usagef("run: where?"), "here"), 2},
		{fmt.Errorf("app: %w", apps.ErrUnknown), 2},
		{errRejects, 3},
		{fmt.Errorf("workers-1: %w", orchestrator.ErrNoWorkers), 4},
		{withHint(&fs.PathError{Op: "start", Path: "worker", Err: errNoProgram}, "build"), 4},
		{fmt.Errorf("run: %w", errInterrupted), 130},
		{fmt.Errorf("run: %w", worker.ErrDrained), 130},
		{context.Canceled, 130},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}

func TestReportTellsWhatHappenedAndWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errRejects, ""},
		{errors.New("something"), "flashmob: something\n"},
		{errors.Join(errors.New("one"), errors.New("two")), "flashmob: one\n  two\n"},
		{errors.New("it said \x1b[2J\x07one\r\n\ttwo\rü"), "flashmob: it said \uFFFD[2J\uFFFDone\n  \ttwo\uFFFDü\n"}, // a program may say anything
		{withHint(fmt.Errorf("x: %w", fs.ErrNotExist), "its %s", "own"), "flashmob: x: file does not exist\nhint: its own\n"},
		{
			fmt.Errorf("append to out: %w", syscall.ENOSPC),
			"flashmob: append to out: no space left on device\nhint: make room, then run again with --resume: what is done is kept\n",
		},
		{
			fmt.Errorf("resume out: %w", manifest.ErrInUse),
			"flashmob: resume out: another run is writing here\nhint: wait for it to end, or give this run a folder of its own with -o\n",
		},
		{ // from another process, as text
			fmt.Errorf("workers-1: worker ended: exit status 1: worker: join run x: %v: %w", worker.ErrVersion, orchestrator.ErrNoWorkers),
			"flashmob: workers-1: worker ended: exit status 1: worker: join run x: versions differ: no workers left\n" +
				"hint: build all programs from one checkout: make build-all\n",
		},
		{
			fmt.Errorf("workers-1: %v", fmt.Errorf(`input "s3://in/a.csv": at byte 7: %w: its ETag was "1", is "2"`, input.ErrChanged)),
			"flashmob: workers-1: input \"s3://in/a.csv\": at byte 7: changed while it was read: its ETag was \"1\", is \"2\"\n" +
				"hint: something else writes to the input; run again with --force when it is at rest\n",
		},
	} {
		var out strings.Builder
		report(&out, c.err)
		if out.String() != c.want {
			t.Errorf("%v is reported as\n%s\nwant\n%s", c.err, out.String(), c.want)
		}
	}
}
