package worker

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// guarded runs a shell script under a guard: it finds its invitation on standard input, and a folder of its own in $D.
func guarded(t *testing.T, script string, signals <-chan os.Signal) (dir string, said *bytes.Buffer, err error) {
	t.Helper()
	dir, said = t.TempDir(), new(bytes.Buffer)
	program := filepath.Join(dir, "program")
	text := fmt.Sprintf("#!/bin/sh\nD=%s\nread -r line\necho \"$line\" >> $D/lines\n%s\n", dir, script)
	if err := os.WriteFile(program, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	err = Guard(t.Context(), program, Invitation{Name: "workers-1", Guarded: true, Free: true}, said, signals, slog.New(slog.DiscardHandler))
	return dir, said, err
}

func TestGuardStartsAgainWhatCrashes(t *testing.T) {
	dir, _, err := guarded(t, `[ $(wc -l < $D/lines) -ge 4 ] && exit 0; [ $(wc -l < $D/lines) -ge 3 ] && exit 2; kill -9 $$`, nil)
	if err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "lines"))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err != nil || len(lines) != 4 || strings.Contains(lines[0], `"restarts"`) || !strings.Contains(lines[3], `"restarts":3`) || !strings.Contains(lines[3], `"crashed":"2`) {
		t.Errorf("invitations, %v:\n%s", err, text)
	}
	if strings.Contains(string(text), "guarded") || strings.Contains(string(text), "free") {
		t.Errorf("what a guard starts is no guard, and held by it:\n%s", text)
	}
}

func TestGuardTakesAnErrorForTheEnd(t *testing.T) {
	dir, said, err := guarded(t, `echo what was wrong >&2; exit 1`, nil)
	if end := (ExitError{}); !errors.As(err, &end) || end.Status != 1 || said.String() != "what was wrong\n" {
		t.Errorf("%v, said %q", err, said)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "lines")); err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("it was started more than once: %s %v", text, err)
	}
}

func TestGuardGivesUpOnWhatCrashesAgainAndAgain(t *testing.T) {
	dir, _, err := guarded(t, `kill -SEGV $$`, nil)
	if !errors.Is(err, ErrKeepsCrashing) || !strings.Contains(err.Error(), "segmentation fault") {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "lines")); err != nil || strings.Count(string(text), "\n") != restartsMost+1 {
		t.Errorf("it was started %d times, %v", strings.Count(string(text), "\n"), err)
	}
}

// A signal is the process's own business; after it nothing is started any more.
func TestGuardPassesSignalsOn(t *testing.T) {
	for how, want := range map[string]bool{"exit 0": true, "kill -9 $$": false} {
		signals := make(chan os.Signal, 1)
		time.AfterFunc(100*time.Millisecond, func() { signals <- syscall.SIGTERM })
		_, _, err := guarded(t, `trap '`+how+`' TERM; while :; do sleep 0.01; done`, signals)
		if (err == nil) != want {
			t.Errorf("%s: %v", how, err)
		}
	}
}
