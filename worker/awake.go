package worker

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// What a host that was made for the run has: a file that keeps it awake, for one that nobody touches for long powers
// itself off, and a file that says how long that is. Where they are missing, nobody minds.
const (
	heartbeat  = "/run/flashmob/heartbeat"
	limitsFile = "/etc/flashmob/limits"
)

// heartbeatEvery is how often the heartbeat is touched at the least.
const heartbeatEvery = 20 * time.Second

// stayAwake touches the heartbeat while the run is heard of, until ctx ends.
func stayAwake(ctx context.Context, heard func() bool) error {
	limits, _ := os.ReadFile(limitsFile) // without limits the host never sleeps
	tick := time.NewTicker(beatInterval(limits))
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Dir(heartbeat)); err == nil && heard() {
			now := time.Now()
			_ = os.Chtimes(heartbeat, now, now) // the host's own rule: it is not this program's to complain
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// beatInterval returns how often to touch the heartbeat of a host with these limits: four times before it would sleep.
func beatInterval(limits []byte) time.Duration {
	for line := range bytes.Lines(limits) {
		if text, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("IDLE_SECONDS=")); ok {
			if idle, err := strconv.Atoi(string(text)); err == nil && idle > 0 {
				return min(heartbeatEvery, time.Duration(idle)*time.Second/4)
			}
		}
	}
	return heartbeatEvery
}
