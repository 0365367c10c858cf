package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A guard is a process on a host that starts another of the same program, which does the work, and starts it again in the same
// folder when it crashes: nobody else is there to do it when the operator has gone. A process that ends by itself, with an
// error or without, has said all there is to say and is not started again.

// Where a process crashes again and again, its guard gives up after restartsMost within restartsTime.
const (
	restartsMost = 20
	restartsTime = time.Minute
)

// restartPause is how long a guard waits before it starts a process again.
const restartPause = 100 * time.Millisecond

// ErrKeepsCrashing says that a process was started again so often that it makes no sense to go on.
var ErrKeepsCrashing = errors.New("crashes again and again")

// ExitError says that a guarded process ended by itself with an exit status, having said why.
type ExitError struct{ Status int }

func (e ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// Guard runs the program with the invitation until it ends by itself. Signals that come through signals are passed on; after
// one, a crash is the end. The process is held by its standard input and, where the kernel can do that, killed with its
// guard. An error that is an ExitError was said already.
func Guard(ctx context.Context, program string, invitation Invitation, stderr io.Writer, signals <-chan os.Signal, log *slog.Logger) error {
	invitation.Guarded, invitation.Free = false, false
	var crashes []time.Time
	for {
		how, told, err := guardOnce(ctx, program, invitation, stderr, signals)
		switch {
		case err != nil:
			return err
		case how.Exited() && how.ExitStatus() == 0, ctx.Err() != nil:
			return nil
		case !Crashed(how):
			return ExitError{how.ExitStatus()}
		case told:
			return fmt.Errorf("%s crashed while it was leaving: %s", invitation.Name, howEnded(how))
		}
		now := time.Now()
		crashes = append(crashes, now)
		if n := len(crashes); n > restartsMost {
			if now.Sub(crashes[n-1-restartsMost]) < restartsTime {
				return fmt.Errorf("%s %w: %d times within %v, the last time by %s", invitation.Name, ErrKeepsCrashing, restartsMost+1,
					now.Sub(crashes[n-1-restartsMost]).Round(time.Second), howEnded(how))
			}
			crashes = crashes[n-restartsMost:]
		}
		invitation.Restarts, invitation.Crashed = invitation.Restarts+1, now
		log.Warn("crashed: started again in the same folder", "how", howEnded(how), "restarts", invitation.Restarts)
		select {
		case <-time.After(restartPause):
		case <-signals:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// crashStatus is the exit status of a Go program that panicked, or that its runtime has ended.
const crashStatus = 2

// Crashed reports whether a process of this program has crashed: one that ends by itself with an error has said why, and would
// say it again.
func Crashed(how syscall.WaitStatus) bool {
	return how.Signaled() || how.Exited() && how.ExitStatus() == crashStatus
}

// howEnded says how a process ended that crashed.
func howEnded(how syscall.WaitStatus) string {
	if how.Signaled() {
		return how.Signal().String()
	}
	return fmt.Sprintf("exit status %d", how.ExitStatus())
}

// guardOnce runs the program once. told reports whether a signal was passed on to it.
func guardOnce(ctx context.Context, program string, invitation Invitation, stderr io.Writer, signals <-chan os.Signal) (how syscall.WaitStatus, told bool, err error) {
	text, err := json.Marshal(invitation)
	if err != nil {
		return how, false, err
	}
	cmd := exec.Command(program)
	cmd.Stderr, cmd.SysProcAttr = stderr, tied()
	leash, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return how, false, fmt.Errorf("start %s: %w", invitation.Name, err)
	}
	_, _ = leash.Write(append(text, '\n')) // if it has crashed already, its end tells
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its state
		close(gone)
	}()
	stop := ctx.Done()
	for {
		select {
		case s := <-signals:
			told = true
			_ = cmd.Process.Signal(s) // it may have ended meanwhile
		case <-stop:
			stop = nil
			leash.Close() // it leaves
		case <-gone:
			how, _ = cmd.ProcessState.Sys().(syscall.WaitStatus)
			return how, told, nil
		}
	}
}
