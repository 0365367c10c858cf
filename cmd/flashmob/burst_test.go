package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestBurstLeavesNothingWhateverHappens(t *testing.T) {
	l := newLab(t)
	if err := os.WriteFile(l.path("ragged.csv"), []byte("a,b\n1,2\n3\n4,5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	burst := func(more ...string) []string {
		return append([]string{"burst", "--cloud", "sandbox", "--type", "c5.xlarge", "--size", "1"}, more...)
	}
	t.Run("done", func(t *testing.T) {
		out := l.do(burst("--lines", "1000", "-o", "done")...)
		for _, word := range []string{"rows     1 000 in = 1 000 out", "\n0 left, $", "burst    "} {
			if !strings.Contains(out, word) {
				t.Errorf("%q is not in\n%s", word, out)
			}
		}
		l.do("verify", "done")
	})
	t.Run("rejects", func(t *testing.T) {
		l.fail(exitRejects, nil, burst("--input", "ragged.csv", "-o", "rejects")...)
	})
	t.Run("no such input", func(t *testing.T) {
		out := l.fail(exitFailed, []string{"missing.csv"}, burst("--input", "missing.csv", "-o", "missing")...)
		if strings.Contains(out, "up  ") {
			t.Errorf("a cluster was made for nothing:\n%s", out)
		}
	})
	t.Run("failing run", func(t *testing.T) {
		worker := l.bin + "/worker"
		if err := os.Rename(worker, worker+".away"); err != nil {
			t.Fatal(err)
		}
		defer os.Rename(worker+".away", worker)
		l.fail(exitInfrastructure, []string{"initializer-1: worker-linux-"}, burst("--lines", "1000", "-o", "failing")...)
	})
	for _, c := range []struct {
		name, when string
		signal     syscall.Signal
	}{
		{"interrupted up", "create Vpc", syscall.SIGINT},
		{"interrupted run", "up       2 hosts", syscall.SIGINT},
		{"closed terminal", "up       2 hosts", syscall.SIGHUP},
		{"interrupted down", "delete Instance", syscall.SIGTERM},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := "50000000"
			want := exitInterrupted
			if c.name == "interrupted down" {
				lines, want = "1000", exitDone
			}
			cmd, said := l.start(burst("--lines", lines, "-o", strings.ReplaceAll(c.name, " ", "-"))...)
			l.await(said, c.when)
			cmd.Process.Signal(c.signal)
			cmd.Wait()
			if exit := cmd.ProcessState.ExitCode(); exit != want {
				t.Errorf("exit code %d, want %d\n%s", exit, want, said)
			}
			if !strings.Contains(said.String(), "\n0 left, $") {
				t.Errorf("it says\n%s", said)
			}
		})
		l.nothing()
	}
	t.Run("a cluster that is up is not burst's to end", func(t *testing.T) {
		l.up(1)
		l.fail(exitUsage, []string{"burst would end it", "hint: flashmob run"}, burst("--lines", "1000", "-o", "other")...)
		l.down()
	})
}
