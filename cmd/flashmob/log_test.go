package main

import (
	"log/slog"
	"strings"
	"testing"
)

func TestPlainHandlerWritesLinesForPeople(t *testing.T) {
	var out strings.Builder
	log := slog.New(&plainHandler{out: &out, level: slog.LevelInfo})
	log.Debug("hidden")
	log.Info("worker left", "worker", "workers-1")
	log.With("host", "workers-2").Warn("worker ended", "how", "signal: killed")
	log.Error("no way out")
	want := `worker left (worker workers-1)
warning: worker ended (host workers-2, how signal: killed)
error: no way out
`
	if out.String() != want {
		t.Errorf("it wrote\n%s\nwant\n%s", out.String(), want)
	}
}
