package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	if exit := end(); exit != exitInfrastructure || !strings.Contains(said.String(), "hint: what came home is kept: flashmob up ") {
		t.Errorf("exit code %d\n%s", exit, said)
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

func TestClusterChangesItsSizeWhileARunGoesOn(t *testing.T) {
	l := newLab(t)
	l.up(1)
	said, end := l.begin("out")
	l.up(3)
	l.await(said, "host joins")
	worked := func() bool {
		var status struct {
			Run struct {
				Workers []struct {
					Name  string
					Parts int64
				} `json:"workers"`
			} `json:"run"`
		}
		if err := json.Unmarshal([]byte(l.do("status", "--json")), &status); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, w := range status.Run.Workers {
			if strings.HasPrefix(w.Name, "workers-") && w.Parts > 0 {
				n++
			}
		}
		return n == 2
	}
	for deadline := time.Now().Add(patience); !worked(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the new hosts do no work: %s", fmt.Sprint(l.do("status", "--json")))
		}
	}
	l.up(1)
	if exit := end(); exit != 0 {
		t.Errorf("exit code %d\n%s", exit, said)
	}
	l.same("out", "--lines", "150000")
	l.down()
}
