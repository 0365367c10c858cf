package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"flashmob/manifest"
)

// spoiled runs an app with builds that are broken in one way, in a run that others survive, and reports whether the results are
// wrong, or do not come.
func spoiled(t *testing.T, app, initializer, victim string) bool {
	c := newCast(t, app, inputs[app].text(), inputs[app].rows, waits["short"])
	c.initializer(initializer, "FLASHMOB_LOSE=3")
	c.worker("workers-1", victim, initializer)
	c.worker("workers-2", initializer)
	c.joined(3)
	c.operate()
	out := filepath.Join(c.dir, "out")
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if state, _ := manifest.Look(out); state == manifest.Finished {
			got, err := os.ReadFile(filepath.Join(out, c.run.Results))
			_, broken := manifest.Verify(t.Context(), out, nil)
			return err != nil || broken != nil || !bytes.Equal(got, c.want())
		}
	}
	return true
}

// The matrix would see if what it is there for were missing.
func TestBrokenBuildsFail(t *testing.T) {
	for name, c := range map[string]struct{ app, broken, victim string }{
		"sound":                         {"wordcount", "FLASHMOB_BROKEN=", "FLASHMOB_CRASH=made:1"},
		"ack before publish":            {"classifier", "FLASHMOB_BROKEN=ack", "FLASHMOB_CRASH=spoiled:1"},
		"second parts are gathered":     {"classifier", "FLASHMOB_BROKEN=second", "FLASHMOB_LOSE=2"},
		"state without its applied set": {"wordcount", "FLASHMOB_BROKEN=applied", "FLASHMOB_LOSE=2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := spoiled(t, c.app, c.broken, c.victim), name != "sound"; got != want {
				t.Errorf("it fails: %t, want %t", got, want)
			}
		})
	}
}
