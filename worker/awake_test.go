package worker

import (
	"testing"
	"time"
)

func TestHeartbeatComesOftenEnoughForTheHost(t *testing.T) {
	for limits, want := range map[string]time.Duration{
		"":                                   heartbeatEvery,
		"TTL_SECONDS=9\nIDLE_SECONDS=1800\n": heartbeatEvery,
		"TTL_SECONDS=9\nIDLE_SECONDS=8\n":    2 * time.Second,
		"IDLE_SECONDS=0\n":                   heartbeatEvery,
		"IDLE_SECONDS=x\n":                   heartbeatEvery,
	} {
		if got := BeatInterval([]byte(limits)); got != want {
			t.Errorf("%q: every %v, want %v", limits, got, want)
		}
	}
}
