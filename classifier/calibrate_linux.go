package classifier

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"flashmob/flow"
)

// slowed returns score made to take at least cost of CPU time, measured on the thread's own clock: waiting for a core
// does not count, so the cost per record is the same on a busy machine.
func slowed(score flow.ColumnFunc, cost time.Duration) flow.ColumnFunc {
	return func(dst, record []byte) ([]byte, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		until := threadTime() + cost
		out, err := score(dst, record)
		for threadTime() < until {
			burn()
		}
		return out, err
	}
}

// threadTime returns the CPU time that the calling thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // the kernel has had this clock since 2.6.12
	}
	return time.Duration(t.Nano())
}
