package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flashmob/internal/sandbox"
)

// order makes something go wrong in the lab's cloud.
func (l *lab) order(f sandbox.Fault) {
	l.t.Helper()
	s, err := sandbox.Find(l.t.Context(), l.cloud())
	if err == nil {
		err = s.Order(l.t.Context(), f)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// same checks that a result folder holds what one slot on this machine makes of the rows.
func (l *lab) same(folder string, rows ...string) {
	l.t.Helper()
	l.do(append([]string{"run", "--local", "--workers", "1", "--compress", "none", "-o", "local", "--force"}, rows...)...)
	got, err := os.ReadFile(l.path(folder, "results.csv"))
	if err != nil {
		l.t.Fatal(err)
	}
	want, err := os.ReadFile(l.path("local", "results.csv"))
	if err != nil {
		l.t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		l.t.Errorf("%s has %d bytes of results that differ from the %d that are right", folder, len(got), len(want))
	}
}

func TestOperatorOnSandboxHosts(t *testing.T) {
	l := newLab(t)
	l.order(sandbox.Fault{Kind: sandbox.SSHRefused, Name: "*workers-2", For: time.Hour})
	l.up(3)

	t.Run("a host that refuses ssh is given up", func(t *testing.T) {
		rows := []string{"--lines", "400000"}
		_, said, exit := l.try(append([]string{"run", "--calibrate", "50us", "--compress", "none", "-o", "two", "--min-hosts", "2", "--host-timeout", "3s"}, rows...)...)
		if exit != exitDone || !strings.Contains(said, "workers-2: ssh refused for 2s, usually ") ||
			!strings.Contains(said, "host is missing: the run goes on without it (host workers-2") {
			t.Errorf("exit code %d\n%s", exit, said)
		}
		l.same("two", rows...)
		l.fail(exitInfrastructure, []string{"too few hosts: 2 are left, at least 3 are needed: workers-2: connect: given up after", "hint: flashmob hosts"},
			"run", "--lines", "50000000", "-o", "three", "--min-hosts", "3", "--host-timeout", "3s")
	})
	t.Run("files", func(t *testing.T) {
		if err := os.MkdirAll(l.path("tool", "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.path("tool", "bin", "greet"), []byte("#!/bin/sh\necho hello from $(pwd) > ~/greeting\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		l.do("run", "--file", "tool", "--setup", "tool/bin/greet", "--host-timeout", "2s", "--lines", "1000", "-o", "files")
		if said := l.do("ssh", "initializer-1", "--", "cat", "greeting"); !strings.Contains(said, "hello from ") || !strings.HasSuffix(said, "/work\n") {
			t.Errorf("the uploaded program has left %q", said)
		}
		l.fail(exitFailed, []string{`file "missing": `}, "run", "--file", "missing", "--lines", "10", "-o", "none")
	})
	t.Run("detached", func(t *testing.T) {
		rows := plainRows(200000)
		if err := os.WriteFile(l.path("in.csv"), rows, 0o644); err != nil {
			t.Fatal(err)
		}
		out := l.do("run", "--detach", "--calibrate", "50us", "--input", "in.csv", "--compress", "none", "--host-timeout", "1s", "-o", "detached")
		if !strings.Contains(out, "detached: the run goes on") || !strings.Contains(out, "flashmob run --attach -o detached") {
			t.Errorf("it says %s", out)
		}
		if journal, err := os.ReadFile(l.path("detached", "journal.jsonl")); err != nil || len(journal) == 0 {
			t.Errorf("the run is over, or was never begun: %v", err)
		}
		if err := os.Rename(l.path("in.csv"), l.path("away.csv")); err != nil { // nothing of it is needed any more
			t.Fatal(err)
		}
		l.do("run", "--attach", "-o", "detached")
		l.same("detached", "--input", "away.csv")
	})
	t.Run("results are fetched again", func(t *testing.T) {
		intact, err := os.ReadFile(l.path("detached", "results.csv"))
		if err != nil {
			t.Fatal(err)
		}
		damaged := bytes.Clone(intact)
		damaged[len(damaged)/2] ^= 1
		if err := os.WriteFile(l.path("detached", "results.csv"), damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{"detached", "detached", "anew"} { // once more changes nothing
			if out := l.do("results", "-o", folder); !strings.Contains(out, folder+" is whole: 200 000 rows") {
				t.Errorf("results says\n%s", out)
			}
			if got, err := os.ReadFile(l.path(folder, "results.csv")); err != nil || !bytes.Equal(got, intact) {
				t.Errorf("%s holds other results: %v", folder, err)
			}
		}
		if left, err := filepath.Glob(l.path("detached", ".fetch-*")); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	})
	t.Run("orphans in every region", func(t *testing.T) {
		if out := l.do("orphans", "--all-regions", "--json"); strings.Count(out, `"region":"us-west-2","here"`) != 1 || strings.Count(out, "\n") != 1 {
			t.Errorf("orphans says\n%s", out)
		}
		l.fail(exitUsage, []string{"exclude each other"}, "orphans", "--region", "x", "--all-regions")
	})
	l.down()
}

// TestIdleHostsEndAndBusyOnesDoNot: a run for longer than the idle time, on hosts of which one works on nothing.
func TestIdleHostsEndAndBusyOnesDoNot(t *testing.T) {
	l := newLab(t)
	l.up(2, "--idle", "8s")
	begun := time.Now()
	out := l.do("run", "--calibrate", "1ms", "--lines", "40000", "-o", "out", "--json")
	if took := time.Since(begun); took < 12*time.Second {
		t.Fatalf("the run was over in %v: it proves nothing", took)
	}
	if !strings.Contains(out, `"event":"done"`) {
		t.Errorf("it says\n%s", out)
	}
	if hosts := l.do("hosts"); strings.Count(hosts, "answers in") != 3 {
		t.Errorf("a host has ended under the run:\n%s", hosts)
	}
	running := func() int { // counted in the cloud's own list: to log in would wake them
		var c struct{ Resources []struct{ Kind string } }
		if err := json.Unmarshal([]byte(l.do("orphans", "--json")), &c); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range c.Resources {
			if r.Kind == "instance" {
				n++
			}
		}
		return n
	}
	if n := running(); n != 3 {
		t.Fatalf("%d instances are listed, want 3", n)
	}
	for deadline := time.Now().Add(patience); running() > 0; time.Sleep(200 * time.Millisecond) { // no event tells
		if time.Now().After(deadline) {
			t.Fatalf("%d idle hosts are still there", running())
		}
	}
	l.down()
}
