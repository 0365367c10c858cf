// Worker is the program that processes batches on a host. It is started by flashmob, which tells it on standard input
// where the run's initializer is, and which it leaves when that input ends. The first SIGTERM drains it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"flashmob/apps"
	"flashmob/dashboard"
	"flashmob/internal/buildinfo"
	"flashmob/internal/garbage"
	"flashmob/worker"
)

func main() {
	err := run()
	if said := (worker.ExitError{}); errors.As(err, &said) {
		os.Exit(said.Status)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run() error {
	garbage.Bound(400)
	garbage.Limit()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return errors.New("read invitation: standard input holds none; flashmob starts this program and writes it there")
	}
	var invitation worker.Invitation
	if err := json.Unmarshal(line, &invitation); err != nil {
		return fmt.Errorf("read invitation: %w", err)
	}
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	if !invitation.Free {
		go func() { // ends with the process
			io.Copy(io.Discard, in)
			leave(errLetGo)
		}()
	}
	if invitation.Operator > 0 {
		go func() { // ends with the process
			worker.Outlive(invitation.Operator)
			leave(errLetGo)
		}()
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if invitation.Guarded {
		return guard(ctx, invitation, log)
	}
	drain := drainOnSignal(ctx, stop)
	if invitation.Share != nil {
		go func() { // ends with the process
			<-drain
			stop()
		}()
		return worker.HandOn(ctx, *invitation.Share, os.Stdout)
	}
	config := worker.Config{
		Version: buildinfo.Version(), Flow: apps.New, Drain: drain, Stderr: os.Stderr,
		Log: log, Restarts: invitation.Restarts, Crashed: invitation.Crashed,
	}
	if invitation.Show != nil {
		err = dashboard.Attend(ctx, *invitation.Show, invitation.Join(config))
	} else {
		err = worker.Serve(ctx, invitation, config)
	}
	if errors.Is(context.Cause(ctx), errLetGo) || invitation.Free && errors.Is(err, worker.ErrLeft) {
		return nil
	}
	return err
}

// guard starts this program again, to do what the invitation says, for as often as it crashes.
func guard(ctx context.Context, invitation worker.Invitation, log *slog.Logger) error {
	runtime.LockOSThread() // the kernel ties a process to the thread that started it
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start %s: %w", invitation.Name, err)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return worker.Guard(ctx, self, invitation, os.Stderr, signals, log)
}

// drainOnSignal returns a channel that the first signal closes. The second stops the program, whatever it holds.
func drainOnSignal(ctx context.Context, stop context.CancelFunc) <-chan struct{} {
	drain, signals := make(chan struct{}), make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // ends with the process
		select {
		case <-signals:
			close(drain)
		case <-ctx.Done():
			return
		}
		<-signals
		stop()
	}()
	return drain
}

var errLetGo = errors.New("let go by the program that started it")
