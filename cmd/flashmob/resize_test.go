package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// did waits until the run's status says that a host has done something.
func (l *lab) did(host string) {
	l.t.Helper()
	var status struct {
		Run struct {
			Workers []struct {
				Host    string
				Records int64
			}
		}
	}
	for deadline := time.Now().Add(patience); ; {
		if err := json.Unmarshal([]byte(l.do("status", "--json")), &status); err != nil {
			l.t.Fatal(err)
		}
		for _, w := range status.Run.Workers {
			if w.Host == host && w.Records > 0 {
				return
			}
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("%s does nothing: %+v", host, status)
		}
	}
}

func TestClusterGrowsAndShrinksWhileARunGoesOn(t *testing.T) {
	l := newLab(t)
	l.up(1)
	run, said := l.start("run", "--lines", "400000", "--calibrate", "100us", "--compress", "none", "-o", "out")
	l.did("initializer-1")
	l.up(3)
	l.did("workers-2")
	l.up(2)
	l.await(said, "host left")
	if err := run.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	if strings.Count(said.String(), "host joins") != 2 || strings.Count(said.String(), "host left") != 1 {
		t.Errorf("two hosts joined, and one left:\n%s", said)
	}
	l.same("out", "--lines", "400000")
	l.down()
}

// votesFile makes a file of frames: n votes for the letters in turn, with counts that differ.
func votesFile(n int) []byte {
	var frames []byte
	for i := range n {
		frames = binary.BigEndian.AppendUint32(frames, 5)
		frames = append(frames, byte('a'+i*7%26))
		frames = binary.BigEndian.AppendUint32(frames, uint32(i%11))
	}
	return frames
}

// The state of letters moves to hosts that come, and from hosts that go; no letter's sequence breaks.
func TestStateMovesWhileTheClusterGrowsAndShrinks(t *testing.T) {
	l := newLab(t)
	if err := os.WriteFile(l.path("votes.msg"), votesFile(9000), 0o644); err != nil {
		t.Fatal(err)
	}
	l.do("run", "--local", "--app", "votes", "--input", "votes.msg", "--compress", "none", "-o", "local")
	l.up(1)
	run, said := l.start("run", "--app", "votes", "--delay", "2ms", "--batch-rows", "50", "--input", "votes.msg", "--compress", "none", "-o", "out")
	l.did("initializer-1")
	l.up(3)
	l.await(said, "host joins")
	l.up(2)
	l.await(said, "host left")
	if err := run.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	want, err := os.ReadFile(l.path("local", "results.txt"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(l.path("out", "results.txt"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of results, want %d: first difference at %d; %v", len(got), len(want), differ(got, want), err)
	}
	l.down()
}

func TestRunThatWaitsForSilentInputIsDrained(t *testing.T) {
	l := newLab(t)
	l.up(2)
	run, said := l.program("flashmob", "run", "--input", "-", "--compress", "none", "-o", "out"), new(output)
	run.Stdout, run.Stderr = said, said
	in, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer run.Process.Kill() // in vain where it has ended
	rows := plainRows(20000)
	if _, err := in.Write(rows); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if journal, _ := os.ReadFile(l.path("out", "journal.jsonl")); bytes.Contains(journal, []byte(`"kind":"records"`)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no parts come home:\n%s", said)
		}
	}
	l.fail(exitInfrastructure, []string{"goes on here: run of ", "hint: flashmob run --attach", "--evict stops it first"},
		"run", "--lines", "10", "-o", "second", "--force")
	if err := run.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatalf("it does not end:\n%s", said)
	}
	if exit := run.ProcessState.ExitCode(); exit != exitInterrupted {
		t.Errorf("exit code %d\n%s", exit, said)
	}
	want, _ := oracle(rows, 10, true)
	got, err := os.ReadFile(l.path("out", "results.csv.partial"))
	if err != nil || len(got) == 0 || !bytes.HasPrefix(want, got) {
		t.Errorf("what came home is not the front of the results: %d bytes, %v", len(got), err)
	}
	l.down()
}
