package worker

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Heartbeat is the file that keeps a host that was made for a run awake: one where nobody touches it for long powers
// itself off. Where it is missing, nobody minds.
const Heartbeat = "/run/flashmob/heartbeat"

// LimitsFile says on such a host how long that is.
const LimitsFile = "/etc/flashmob/limits"

// heartbeatEvery is how often the heartbeat is touched at the least.
const heartbeatEvery = 20 * time.Second

// stayAwake touches the heartbeat while the run is heard of, until ctx ends.
func stayAwake(ctx context.Context, heard func() bool) error {
	limits, _ := os.ReadFile(LimitsFile) // without limits the host never sleeps
	tick := time.NewTicker(BeatInterval(limits))
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Dir(Heartbeat)); err == nil && heard() {
			now := time.Now()
			_ = os.Chtimes(Heartbeat, now, now) // the host's own rule: it is not this program's to complain
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// BeatInterval returns how often to touch the heartbeat of a host with these limits: four times before it would sleep.
func BeatInterval(limits []byte) time.Duration {
	for line := range bytes.Lines(limits) {
		if text, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("IDLE_SECONDS=")); ok {
			if idle, err := strconv.Atoi(string(text)); err == nil && idle > 0 {
				return min(heartbeatEvery, time.Duration(idle)*time.Second/4)
			}
		}
	}
	return heartbeatEvery
}
