package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSizesAreRead(t *testing.T) {
	for size, want := range map[string]int64{"20GB": 20_000_000_000 / rowBytes, "1.5MB": 1_500_000 / rowBytes, "20": 0, "-1GB": 0, "xMB": 0} {
		if got, err := rowsOf(size); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %d, %v; want %d", size, got, err, want)
		}
	}
}

func TestProcessesAreToldApart(t *testing.T) {
	for program, want := range map[string]string{
		"flashmob": "operator", "worker": "worker process", ".flashmob/local/workers-1/.flashmob/bin/worker-70af": "workers-1",
	} {
		if got := whatIs(program); got != want {
			t.Errorf("%s: %q, want %q", program, got, want)
		}
	}
}

// What is looked at is this very process, and a log that is there.
func TestPeaksAreSeen(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "out", ".work", "log", "stream")
	if err := os.MkdirAll(log, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(log, "1.blk"), make([]byte, 5000), 0o644); err != nil {
		t.Fatal(err)
	}
	p := peaks{resident: map[string]int64{}}
	p.look(dir)
	if p.log != 5000 || len(p.resident) > 0 {
		t.Errorf("%+v", p)
	}
	p.look(filepath.Dir(program))
	if p.log != 5000 || p.resident["worker process"] < 1<<20 {
		t.Errorf("%+v", p)
	}
}
