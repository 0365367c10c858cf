package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// TestResultsFinishWhatAKilledOperatorBegan: the run goes on in the cluster, and another operator brings it home.
func TestResultsFinishWhatAKilledOperatorBegan(t *testing.T) {
	l := newLab(t)
	l.up(1)
	rows := []string{"--lines", "100000", "--calibrate", "50us", "--compress", "none"}
	first, said := l.start(append([]string{"run", "-o", "out"}, rows...)...)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // until parts have come home
		journal, _ := os.ReadFile(l.path("out", "journal.jsonl"))
		if bytes.Contains(journal, []byte(`"kind":"records"`)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no parts come home:\n%s", said)
		}
	}
	kill(first.Process.Pid, 0)
	first.Wait()
	if status := l.do("status"); !strings.Contains(status, " %, ") || strings.Contains(status, "none") {
		t.Errorf("the run does not go on:\n%s", status)
	}
	l.do("logs")
	if out := l.do("results", "-o", "out"); !strings.Contains(out, "out is whole: 100 000 rows in = 100 000 out + 0 rejected") {
		t.Errorf("results says\n%s", out)
	}
	l.do("run", "--local", "-o", "local", "--lines", "100000", "--compress", "none")
	home, err := os.ReadFile(l.path("out", "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	local, err := os.ReadFile(l.path("local", "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(home, local) {
		t.Errorf("the results differ at byte %d", differ(home, local))
	}
	l.down()
}
