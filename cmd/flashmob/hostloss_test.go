package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flashmob/infra"
	"flashmob/internal/sandbox"
)

// begin starts a run in the cluster that goes on for some seconds, and returns once parts have come home. end waits for
// its exit code.
func (l *lab) begin(output string) (said *output, end func() int) {
	l.t.Helper()
	run, said := l.start("run", "--lines", "150000", "--calibrate", "100us", "--compress", "none", "-o", output)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		journal, _ := os.ReadFile(l.path(output, "journal.jsonl"))
		if bytes.Contains(journal, []byte(`"kind":"records"`)) {
			break
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("no parts come home:\n%s", said)
		}
	}
	return said, func() int {
		_ = run.Wait() // its exit code tells
		return run.ProcessState.ExitCode()
	}
}

// plug pulls the plug of a host.
func (l *lab) plug(host string) {
	l.t.Helper()
	s, err := sandbox.Find(l.t.Context(), l.cloud())
	if err != nil {
		l.t.Fatal(err)
	}
	record, err := infra.ReadRecord(filepath.Join(l.dir, infra.Files{}.Record()))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, life := range record.Hosts {
		if life.Host == host && life.To.IsZero() {
			if err := s.KillHost(life.Instance); err != nil {
				l.t.Fatal(err)
			}
			return
		}
	}
	l.t.Fatalf("no host %s in the record", host)
}

func TestRunGoesOnOnANewClusterAfterItsInitializerDied(t *testing.T) {
	l := newLab(t)
	l.up(2)
	said, end := l.begin("out")
	l.plug("initializer-1")
	exit := end()
	for _, want := range []string{"the run's initializer is gone: its instance i-", "is terminated (the host ended by itself)", "hint: what came home is kept: flashmob up "} {
		if exit != exitInfrastructure || !strings.Contains(said.String(), want) {
			t.Errorf("exit code %d, without %q\n%s", exit, want, said)
		}
	}
	l.down()
	l.up(2)
	l.do("run", "--lines", "150000", "--calibrate", "100us", "--compress", "none", "-o", "out", "--resume")
	l.same("out", "--lines", "150000")
	l.down()
}

func TestHostsThatDieCostNothingButTime(t *testing.T) {
	l := newLab(t)
	l.up(2)
	said, end := l.begin("out")
	l.plug("workers-1")
	l.plug("metrics-1")
	if exit := end(); exit != 0 {
		t.Errorf("exit code %d\n%s", exit, said)
	}
	l.same("out", "--lines", "150000")
	l.down()
}

// Who went away with --detach finds the run as it is: done by the hosts that are left, or gone with its initializer.
func TestHostsMayDieWhileTheOperatorIsAway(t *testing.T) {
	l := newLab(t)
	l.up(2)
	rows := []string{"--lines", "100000", "--calibrate", "100us", "--compress", "none"}
	leave := func(output string) {
		l.do(append([]string{"run", "--detach", "-o", output}, rows...)...)
	}
	leave("out")
	l.plug("workers-1")
	l.plug("metrics-1")
	l.do("run", "--attach", "-o", "out")
	l.same("out", "--lines", "100000")
	l.down()

	l.up(1)
	leave("other")
	l.plug("initializer-1")
	_, said, exit := l.try("run", "--attach", "-o", "other")
	for _, want := range []string{"initializer-1: the run's initializer is gone: its instance i-", "hint: what came home is kept: flashmob up "} {
		if exit != exitInfrastructure || !strings.Contains(said, want) {
			t.Errorf("exit code %d, without %q\n%s", exit, want, said)
		}
	}
	l.down()
	l.up(1)
	l.do(append([]string{"run", "-o", "other", "--resume"}, rows...)...)
	l.same("other", "--lines", "100000")
	l.down()
}
