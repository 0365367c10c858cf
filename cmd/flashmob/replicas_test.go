package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// leading returns the host of a camp whose replica of the log leads, or "" where none does now.
func (l *lab) leading() string {
	l.t.Helper()
	sockets, err := filepath.Glob(l.path(".flashmob/local/*/.flashmob/runs/*/control"))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, socket := range sockets {
		client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) },
		}}
		answer, err := client.Get("http://replica/status")
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return strings.Split(strings.TrimPrefix(socket, l.path(".flashmob/local")+"/"), "/")[0]
		}
	}
	return ""
}

// lose ends the process that holds a host's replica, and its guard.
func (l *lab) lose(host string) {
	l.t.Helper()
	found, err := filepath.Glob(l.path(".flashmob/local", host, ".flashmob/runs/*", host+".replica.pid"))
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
	those := children(guard)
	kill(guard, 0)
	for _, pid := range those {
		kill(pid, 0)
	}
}

// With replicas of the log the loss of the initializer ends nothing: another host is it then.
func TestReplicasLetAnotherHostBeTheInitializer(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	l := newCamp(t, 3)
	args := []string{"--lines", "20000", "--calibrate", "300us", "--compress", "none"}
	l.do(append([]string{"run", "--local", "--workers", "2", "-o", "here"}, args...)...)
	run, said := l.start(append([]string{"run", "--local", "--processes", "3", "--replicas", "3", "-v", "-o", "there"}, args...)...)
	lost := ""
	for begun := time.Now(); lost == "" && time.Since(begun) < time.Minute; time.Sleep(20 * time.Millisecond) {
		lost = l.leading()
	}
	if lost == "" {
		t.Fatalf("no replica leads:\n%s", said)
	}
	l.lose(lost) // maybe before the operator has seen it lead
	if err := run.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if says := said.String(); !strings.Contains(says, "replica of the log is gone: starting it again on its host (host "+lost) {
		t.Errorf("%s was lost, and it does not say so:\n%s", lost, says)
	}
	if got, want := l.results("there"), l.results("here"); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d: first difference at %d\n%s", len(got), len(want), differ(got, want), said)
	}
	if _, says, _ := l.try("run", "--local", "--lines", "10", "-o", "later"); strings.Contains(says, "records of runs") {
		t.Errorf("the run's record teaches nothing:\n%s", says)
	}
	l.do("verify", "there")
	if left, err := filepath.Glob(l.path(".flashmob/local/*/.flashmob/runs/*")); err != nil || len(left) > 0 {
		t.Errorf("a run on this machine leaves %q, %v", left, err)
	}
}

// Whoever attaches to a run finds whichever host is its initializer.
func TestAttachFindsTheReplicaThatLeads(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	l := newCamp(t, 3)
	args := []string{"--lines", "20000", "--calibrate", "300us", "--compress", "none"}
	l.do(append([]string{"run", "--local", "--workers", "2", "-o", "here"}, args...)...)
	l.do(append([]string{"run", "-i", "hosts.yml", "--replicas", "3", "--detach", "-o", "there"}, args...)...)
	lost := ""
	for begun := time.Now(); lost == "" && time.Since(begun) < time.Minute; time.Sleep(20 * time.Millisecond) {
		lost = l.leading()
	}
	l.lose(lost)
	l.do("run", "-i", "hosts.yml", "--attach", "-o", "there")
	if got, want := l.results("there"), l.results("here"); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d: first difference at %d", len(got), len(want), differ(got, want))
	}
	l.do("verify", "there")
}
