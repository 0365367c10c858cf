// Worker is the program that processes batches on a host. It is started by flashmob, which tells it on standard input
// where the run's initializer is, and which it leaves when that input ends.
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
	"runtime/debug"
	"syscall"

	"flashmob/apps"
	"flashmob/internal/buildinfo"
	"flashmob/worker"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run() error {
	debug.SetGCPercent(400) // a few MB live: collecting them less often is cheap in memory and not in time
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
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
	if invitation.Share != nil {
		return worker.HandOn(ctx, *invitation.Share, os.Stdout)
	}
	err = worker.Serve(ctx, invitation, worker.Config{
		Version: buildinfo.Version(), Flow: apps.New,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})),
	})
	if errors.Is(context.Cause(ctx), errLetGo) {
		return nil
	}
	return err
}

var errLetGo = errors.New("let go by the program that started it")
