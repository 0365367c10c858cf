package chaos

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pretend returns a program that stands for flashmob: a script, which gets the arguments of every run.
func pretend(t *testing.T, script string) Config {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	program := filepath.Join(dir, "flashmob")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return Config{
		Program: program, Dir: dir, Inventory: Local(1), App: "wordcount", Records: 10, Seed: 4, Rounds: 2, Every: time.Hour,
		Kill: []string{Operator}, Tell: func(string) {},
	}
}

// A run whose operators all fail ends the trial with its seed.
func TestARunThatDoesNotEndFails(t *testing.T) {
	c := pretend(t, `case "$*" in *--local*) exit 0;; esac; echo it is broken; exit 1`)
	err := c.Run(t.Context())
	var failed *SeedError
	if !errors.As(err, &failed) || failed.Seed != 4 || !errors.Is(err, ErrNoEnd) || !strings.Contains(err.Error(), "it is broken") {
		t.Error(err)
	}
}

// Results that are whole, but not those of one worker, end the trial: it would see what it is there for.
func TestResultsThatDifferFail(t *testing.T) {
	flashmob := filepath.Join(t.TempDir(), "flashmob")
	if text, err := exec.Command("go", "build", "-buildvcs=false", "-o", flashmob, "flashmob/cmd/flashmob").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, c := range map[string]struct {
		script string
		want   error
	}{
		"the same": {`exec ` + flashmob + ` run --local -q -o "$o" --app wordcount --compress none --input "$d/input" --force`, nil},
		"others":   {`case "$*" in *--local*) i="$d/input";; *) i="$d/other"; echo more > $i;; esac; exec ` + flashmob + ` run --local -q -o "$o" --app wordcount --compress none --input "$i" --force`, ErrDiffers},
	} {
		trial := pretend(t, `d=$(dirname "$0"); for a; do [ "$p" = -o ] && o=$a; p=$a; done; `+c.script)
		if err := trial.Run(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATrialCanBeInterrupted(t *testing.T) {
	c := pretend(t, `case "$*" in *--local*) exit 0;; esac; exec sleep 60`)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
