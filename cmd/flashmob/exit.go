package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"flashmob/apps"
	"flashmob/flow"
	"flashmob/infra"
	"flashmob/input"
	"flashmob/manifest"
	"flashmob/orchestrator"
	"flashmob/worker"
)

// Exit codes. Scripts depend on them; they do not change.
const (
	exitDone           = 0
	exitFailed         = 1
	exitUsage          = 2
	exitRejects        = 3 // done, with records among the rejects
	exitInfrastructure = 4
	exitInterrupted    = 130
)

// usageError is a mistake in how the command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef returns a usageError with a formatted message.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// hintError is an error with a hint of its own.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

// withHint adds a hint to an error.
func withHint(err error, format string, args ...any) error {
	return hintError{err, fmt.Sprintf(format, args...)}
}

var (
	errInterrupted = errors.New("interrupted")
	errRejects     = errors.New("done, with rejects")
)

// exitCode returns the exit code that an error stands for.
func exitCode(err error) int {
	var usage usageError
	var cloud infraError
	var host *orchestrator.HostError
	var status statusError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, errBudget): // before what drained the run
		return exitFailed
	case errors.Is(err, errRejects):
		return exitRejects
	case errors.Is(err, errInterrupted), errors.Is(err, worker.ErrDrained), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.Is(err, apps.ErrUnknown), errors.Is(err, infra.ErrNoSize):
		return exitUsage
	case errors.Is(err, orchestrator.ErrNoWorkers), errors.Is(err, orchestrator.ErrTooFewHosts), errors.Is(err, errNoProgram), errors.Is(err, errNoCluster),
		errors.As(err, &cloud), errors.As(err, &host):
		return exitInfrastructure
	}
	return exitFailed
}

// hints are what to do about errors that users meet, in the order in which they are looked for.
var hints = []struct {
	err  error
	hint string
}{
	{input.ErrNoMatch, "quote the pattern if the shell should not expand it, or check the folder"},
	{input.ErrNoObject, "aws s3 ls, or the like, shows which there are; AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL say where to look"},
	{input.ErrIsFolder, "name the files in it: --input 'FOLDER/*.csv'"},
	{gzip.ErrHeader, "its name says that it is gzip: give it another if it is plain text"},
	{zstd.ErrMagicMismatch, "its name says that it is zstd: give it another if it is plain text"},
	{io.ErrUnexpectedEOF, "the file is cut off: fetch it again"},
	{worker.ErrResume, "--force in place of --resume starts over with the input as it is now"},
	{worker.ErrHeader, "run them one at a time, or use --no-header if they have none"},
	{apps.ErrUnknown, "flashmob run --help shows the default"},
	{orchestrator.ErrTooFewHosts, "flashmob hosts shows who answers; --min-hosts goes on with fewer, --host-timeout waits for longer"},
	{orchestrator.ErrNoForwarding, "set AllowStreamLocalForwarding yes in /etc/ssh/sshd_config there: flashmob reaches the run's control in no other way"},
	{orchestrator.ErrSameName, "upload the folder that holds both, or rename one"},
	{orchestrator.ErrNoResults, "flashmob status shows whether a run goes on"},
	{orchestrator.ErrOtherRun, "--force in place of --resume starts over"},
	{orchestrator.ErrHostKey, "this is another machine than the one that is known, or somebody is in between: compare the fingerprints before you go on; flashmob down and up make new hosts"},
	{orchestrator.ErrInitializerGone, "what came home is kept: flashmob up makes what is missing of the cluster, then the same command with --resume does the rest there (with --local --resume, here)"},
	{orchestrator.ErrHostEnded, "flashmob up makes what is missing of the cluster"},
	{orchestrator.ErrReadOnce, "write it to a file and name that with --input: a file can be read again from anywhere"},
	{orchestrator.ErrCutOff, "flashmob run --attach follows it again"},
	{orchestrator.ErrNoWorkers, "what is done is kept: run again with --resume"},
	{manifest.ErrNoRun, "name a folder that flashmob run has written"},
	{manifest.ErrUnfinished, "flashmob run with --resume finishes it"},
	{manifest.ErrGenerated, "leave --input out: there is no file to compare"},
	{manifest.ErrInUse, "wait for it to end, or give this run a folder of its own with -o"},
	{infra.ErrNoSize, "flashmob up --size 3 (make up CLUSTER_SIZE=3); later it is remembered"},
	{syscall.EADDRINUSE, "choose another address with --listen, or leave it out for a free port"},
	{fs.ErrNotExist, "check the path; relative ones start at the current folder"},
	{syscall.ENOTDIR, "name a folder, not a file"},
	{fs.ErrPermission, "check who may read and write there: ls -l"},
}

// saidHints are what to do about errors that may come from processes on hosts: as text.
var saidHints = []struct {
	err  error
	hint string
}{
	{input.ErrShrank, "something else writes to the input; run again with --force when it is at rest"},
	{input.ErrChanged, "something else writes to the input; run again with --force when it is at rest"},
	{worker.ErrVersion, "build all programs from one checkout: make build-all"},
	{flow.ErrUntrusted, "mend the program; then the same command with --force in place of --resume starts over"},
	{worker.ErrCut, "the same command with --resume goes on, and looks at every byte in place of guessing"},
	{worker.ErrOtherParts, "what came home is kept: the same command with --resume goes on behind it; --sync always keeps the host from losing any"},
	{worker.ErrLogFailed, "what is done is kept: make room there, or take another disk; the same command with --resume does the rest"},
	{syscall.ENOSPC, "make room, then run again with --resume: what is done is kept"},
}

// report tells the user about an error: what happened on one line, what to do about it on the next.
func report(w io.Writer, err error) {
	if status := statusError(0); err == nil || errors.Is(err, errRejects) || errors.As(err, &status) {
		return
	}
	fmt.Fprintln(w, "flashmob: "+strings.ReplaceAll(printableLines(err.Error()), "\n", "\n  "))
	var own hintError
	if errors.As(err, &own) {
		fmt.Fprintln(w, "hint: "+own.hint)
		return
	}
	for _, h := range saidHints {
		if strings.Contains(err.Error(), h.err.Error()) {
			fmt.Fprintln(w, "hint: "+h.hint)
			return
		}
	}
	var busy *orchestrator.BusyError
	if errors.As(err, &busy) {
		fmt.Fprintln(w, "hint: flashmob run --attach -o FOLDER follows it, if it was begun in FOLDER; --evict stops it first")
		return
	}
	var locked *infra.LockedError
	if errors.As(err, &locked) {
		fmt.Fprintln(w, "hint: wait for it to end; --stack NAME makes a cluster beside it")
		return
	}
	for _, h := range hints {
		if errors.Is(err, h.err) {
			fmt.Fprintln(w, "hint: "+h.hint)
			return
		}
	}
}
