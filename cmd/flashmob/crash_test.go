package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flashmob/apps/query2"
	"flashmob/dashboard"
	"flashmob/inventory"
)

// crashInputs writes an input for every application, and returns how a run is told of it.
func (l *lab) crashInputs() map[string][]string {
	l.t.Helper()
	var words, visits, frames bytes.Buffer
	for i := range int64(400_000) {
		fmt.Fprintf(&words, "word%d common %d\n", i*i%5003, i%7)
		visits.Write(append(query2.AppendRow(nil, 5, i), '\n'))
		frames.Write([]byte{0, 0, 0, 5, byte('a' + i*i%26), 0, 0, 0, byte(i)})
	}
	for name, text := range map[string]*bytes.Buffer{"words": &words, "visits": &visits, "frames": &frames} {
		if err := os.WriteFile(l.path(name), text.Bytes(), 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
	return map[string][]string{
		"classifier": {"--lines", "60000", "--calibrate", "100us"},
		"wordcount":  {"--app", "wordcount", "--input", "words", "--batch-rows", "100"},
		"query2":     {"--app", "query2", "--input", "visits", "--batch-rows", "100"},
		"votes":      {"--app", "votes", "--input", "frames", "--batch-rows", "100"},
	}
}

// results returns the results in a folder, whatever their name.
func (l *lab) results(output string) []byte {
	l.t.Helper()
	found, err := filepath.Glob(l.path(output, "results.*"))
	if err != nil || len(found) != 1 {
		l.t.Fatalf("results in %s: %q, %v", output, found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		l.t.Fatal(err)
	}
	return text
}

// newCamp returns a lab whose hosts are all this machine, every one with a home folder of its own: n, one of them the
// initializer. It needs no root.
func newCamp(t *testing.T, n int) *lab {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "fm") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := inventory.Write(filepath.Join(dir, "hosts.yml"), inventory.Local(n)); err != nil {
		t.Fatal(err)
	}
	return &lab{t: t, dir: dir, bin: bin, env: []string{"HOME=" + dir}}
}

// crashHere is crash in a camp.
func (l *lab) crashHere(host string) {
	l.t.Helper()
	found, err := filepath.Glob(l.path(".flashmob/local", host, ".flashmob/runs/*", host+".pid"))
	if err != nil || len(found) != 1 {
		l.t.Fatalf("pid files: %q, %v", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		l.t.Fatal(err)
	}
	guard, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, pid := range children(guard) {
		kill(pid, 0)
	}
}

// An initializer that crashes is started again, and the run goes on where it was; a worker likewise.
func TestInitializerThatCrashesIsStartedAgain(t *testing.T) {
	for app := range (&lab{t: t, dir: t.TempDir()}).crashInputs() {
		t.Run(app, func(t *testing.T) {
			l := newCamp(t, 3)
			args := l.crashInputs()[app]
			l.do(append([]string{"run", "--local", "--workers", "1", "--compress", "none", "-o", "here"}, args...)...)
			run, said := l.start(append([]string{"run", "-i", "hosts.yml", "--compress", "none", "-o", "there"}, args...)...)
			for crashes := range 3 {
				if !l.atWork(said, "-i", "hosts.yml") && crashes > 0 {
					break // it was faster than this test
				}
				l.crashHere("initializer-1")
				if crashes == 1 {
					l.crashHere("workers-1")
				}
			}
			l.survived(run, said)
		})
	}
}

// survived waits for a run into there, which must have gone on after a crash of its initializer to the results in here.
func (l *lab) survived(run *exec.Cmd, said *output) {
	l.t.Helper()
	if err := run.Wait(); err != nil {
		l.t.Fatalf("%v\n%s", err, said)
	}
	if !strings.Contains(said.String(), "initializer crashed and was started again: the run goes on where it was") {
		l.t.Errorf("it does not say what happened:\n%s", said)
	}
	if got, want := l.results("there"), l.results("here"); !bytes.Equal(got, want) {
		l.t.Errorf("%d bytes, want %d: first difference at %d\n%s", len(got), len(want), differ(got, want), said)
	}
	l.do("verify", "there")
}

// On a host of its own nobody but its guard can start it again: the operator may be away.
func TestInitializerOfACutOffOperatorIsStartedAgain(t *testing.T) {
	l := newLab(t)
	l.up(3)
	args := l.crashInputs()["wordcount"]
	l.do(append([]string{"run", "--local", "--workers", "1", "--compress", "none", "-o", "here"}, args...)...)
	first, said := l.start(append([]string{"run", "--detach", "--sync", "always", "--compress", "none", "-o", "there"}, args...)...)
	if err := first.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for range 2 {
		l.atWork(said)
		l.do("ssh", "initializer-1", "--", "kill -9 $(cat /proc/$(cat .flashmob/runs/*/initializer-1.pid)/task/*/children)")
	}
	l.survived(l.start("run", "--attach", "-o", "there"))
	l.down()
}

// Standard input cannot be read again, but what was on its way to an initializer that crashed is kept for it.
func TestStandardInputSurvivesACrashOfTheInitializer(t *testing.T) {
	l := newCamp(t, 2)
	rows := l.do("generate", "--lines", "60000")
	if err := os.WriteFile(l.path("rows"), []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	l.do("run", "--local", "--input", "rows", "--compress", "none", "-o", "here", "--calibrate", "100us")
	run, said := l.program("flashmob", "run", "-i", "hosts.yml", "--input", "-", "--compress", "none", "-o", "there", "--calibrate", "100us"), new(output)
	run.Stdin, run.Stdout, run.Stderr = strings.NewReader(rows), said, said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	l.atWork(said, "-i", "hosts.yml")
	l.crashHere("initializer-1")
	l.survived(run, said)
}

// atWork polls until the run's initializer answers and has a worker, which no event tells of. It returns false if the run
// has ended before.
func (l *lab) atWork(said *output, target ...string) bool {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		out, errs, exit := l.try(append([]string{"status", "--json"}, target...)...)
		var v dashboard.View
		if err := json.Unmarshal([]byte(out), &v); exit == 0 && err != nil {
			l.t.Fatalf("status: %v\n%s", err, out)
		}
		if v.Run != nil && slices.ContainsFunc(v.Run.Workers, func(w dashboard.Worker) bool { return w.Name == "workers-1" }) {
			return true
		}
		if strings.Contains(said.String(), "\nresults ") {
			return false
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("no run is at work:\n%s%s\nthe run said\n%s", out, errs, said)
		}
	}
}
