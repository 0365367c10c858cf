package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"flashmob/bench"
)

// unhurried is a program that needs 10 ms for a row and hardly any of the machine: hosts that share it do not slow each other down.
var unhurried = []string{"--exec", `while IFS= read -r row; do sleep 0.01; echo "$row"; done`, "--exec-mode", "lines", "--batch-rows", "10", "--compress", "none"}

// kept returns the record of a run, by its folder.
func (l *lab) kept() bench.Entry {
	l.t.Helper()
	files, err := filepath.Glob(l.path(ledgerFolder, "*.json"))
	if err != nil || len(files) != 1 {
		l.t.Fatalf("records of runs: %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		l.t.Fatal(err)
	}
	var e bench.Entry
	if err := json.Unmarshal(text, &e); err != nil {
		l.t.Fatal(err)
	}
	os.Remove(files[0])
	return e
}

func TestBurstPicksAClusterThatKeepsTheLimits(t *testing.T) {
	l := newLab(t)
	burst := func(more ...string) []string {
		return append([]string{"burst", "--cloud", "sandbox", "-o", "out"}, more...)
	}
	l.fail(exitUsage, []string{"burst: nothing is done within 1m00s: the fastest is ", "hint: flashmob plan shows what there is"},
		burst("--lines", "50000000", "--calibrate", "2ms", "--deadline", "1m")...)
	l.fail(exitUsage, []string{"burst: nothing costs $0.0100 or less: "},
		burst("--lines", "50000000", "--calibrate", "2ms", "--budget", "0.01usd")...)
	l.fail(exitUsage, []string{`instance type "x9.huge"`}, burst("--lines", "1000", "--type", "x9.huge", "--budget", "1usd")...)
	l.nothing()
	out, said, exit := l.try(burst("--lines", "20000", "--deadline", "10m", "--budget", "1usd", "--compress", "none")...)
	if exit != exitDone || !strings.Contains(said, "decided: 1 host of c5.xlarge") || !strings.Contains(said, "this machine would be done in time too") ||
		!strings.Contains(out, "forecast  ") {
		t.Errorf("exit code %d\n%s%s", exit, out, said)
	}
	if e := l.kept(); e.Predicted == nil || e.Predicted.Dollars.Value <= 0 || e.Actual.Dollars <= 0 || e.Ended != bench.Done {
		t.Errorf("the record is %+v", e)
	}
	l.same("out", "--lines", "20000")
	l.nothing()
}

func TestRunKeepsItsLimits(t *testing.T) {
	l := newLab(t)
	l.up(1)
	interrupt := func(run interface{ Signal(os.Signal) error }, wait func() error) {
		run.Signal(syscall.SIGINT)
		wait()
	}
	t.Run("stops at the end of its budget, and is resumed", func(t *testing.T) {
		run := append([]string{"run", "-o", "out", "--lines", "4000"}, unhurried...)
		l.fail(exitFailed, []string{"decided: stop", "are the budget of $0.0005", "the budget is used up: run in out: ", "hint: what is done is kept: a larger --budget with --resume"},
			append(run, "--budget", "0.0005usd")...)
		if e := l.kept(); e.Ended != "interrupted" || len(e.Decisions) != 1 || !strings.Contains(e.Decisions[0], ": stop: ") {
			t.Errorf("the record is %+v", e)
		}
		l.do(append(run, "--local", "--resume", "--workers", "12")...)
		if said := l.do("verify", "out"); !strings.Contains(said, "out is whole: 4 000 rows in = 4 000 out") {
			t.Errorf("verify says\n%s", said)
		}
		l.kept()
	})
	if os.Getenv(killsVariable) == "" { // what is decided is tested without a cluster, too, by a clock of its own
		l.down()
		t.Skip("growing, shrinking, and a deadline that cannot be kept, are for make test/cluster")
	}
	t.Run("grows when its deadline slips", func(t *testing.T) {
		run, said := l.start(append([]string{"run", "--lines", "40000", "--deadline", "160s", "--budget", "1usd", "-o", "grown"}, unhurried...)...)
		l.await(said, "decided: grow to ")
		l.awaitFor(said, "host joins", 4*patience) // a host has to be made
		interrupt(run.Process, run.Wait)
		if !strings.Contains(said.String(), "because=") && !strings.Contains(said.String(), "late:") {
			t.Errorf("it says no reason:\n%s", said)
		}
		if e := l.kept(); !e.Resized || len(e.Decisions) == 0 || !strings.Contains(e.Decisions[0], "grow") {
			t.Errorf("the record is %+v", e)
		}
	})
	t.Run("shrinks when it has time", func(t *testing.T) {
		l.up(3)
		run, said := l.start(append([]string{"run", "--lines", "100000", "--deadline", "3h", "-o", "shrunk"}, unhurried...)...)
		l.await(said, "decided: shrink to 1")
		l.awaitFor(said, "host left", 4*patience)
		interrupt(run.Process, run.Wait)
		l.kept()
	})
	t.Run("says that a deadline cannot be kept", func(t *testing.T) {
		run, said := l.start(append([]string{"run", "--lines", "100000", "--deadline", "10s", "--max-hosts", "2", "-o", "late"}, unhurried...)...)
		l.await(said, "no number of hosts up to 2 helps any more")
		interrupt(run.Process, run.Wait)
	})
	l.down()
}
