package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChaosComparesWithOneWorker(t *testing.T) {
	l := newCamp(t, 1)
	l.env = append(l.env, "TMPDIR="+l.dir)
	out := l.do("chaos", "--app", "votes", "--records", "200000", "--rounds", "1", "--seed", "3", "--every", "500ms")
	if !strings.Contains(out, "seed 3: the same results after ") || !strings.Contains(out, "1 rounds of votes in ") {
		t.Errorf("it says\n%s", out)
	}
	if left, err := filepath.Glob(filepath.Join(l.dir, "fm*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q %v", left, err)
	}
	for _, wrong := range [][]string{
		{"--kill", "everybody"}, {"--app", "tetris"}, {"--rounds", "0"}, {"--every", "1ms"}, {"--kill", ""}, {"--kill", "replica"}, {"--replicas", "5"},
	} {
		l.fail(exitUsage, []string{"chaos: "}, append([]string{"chaos"}, wrong...)...)
	}
	// A round that fails leaves what it was, and says how to have it again. This initializer would listen at an address that is
	// not this machine's.
	if err := os.WriteFile(l.path("elsewhere.yml"), []byte("initializer: {hosts: {a: {ansible_connection: local, ansible_host: 203.0.113.1}}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l.fail(exitFailed, []string{"round of seed 1: no operator brings the run to its end", "hint: flashmob chaos --app classifier --seed 1 --rounds 1"},
		"chaos", "-i", "elsewhere.yml", "--records", "100", "--every", "1h")
}
