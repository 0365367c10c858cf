package classifier

import (
	"runtime"
	"testing"
	"time"
)

// The thread's own clock decides: on a busy machine the wall clock alone would say little.
func TestCalibrateSpendsCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const cost = 5 * time.Millisecond
	score := slowed(func(dst, record []byte) ([]byte, error) { return append(dst, record...), nil }, cost)
	begun := threadTime()
	out, err := score([]byte("a"), []byte("b"))
	if spent := threadTime() - begun; spent < cost || spent > 20*cost {
		t.Errorf("it took %s of CPU, want a little over %s", spent, cost)
	}
	if string(out) != "ab" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}
