// Package garbage says how much memory a program may fill with what nobody needs any more before the runtime collects it: a
// share of what lives, as long as that is little; no more than the other things of a machine can spare, where it is much. It
// does not say how much may live.
package garbage

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// most is how many bytes of garbage may lie about, where that is more than lives. The log's caches are garbage of a kind: they
// are kept until somebody collects it, and are as large as what went through lately.
const most = 256 << 20

// Bound sees to it from now on that garbage is collected when there is a share of what lives, in percent, or 256 MiB where that is
// less; but never before there is as much as lives. Where a few MB live a large share is cheap in memory and saves time.
func Bound(share int) {
	debug.SetGCPercent(share)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	afterCollections(func() {
		metrics.Read(live)
		debug.SetGCPercent(shareOf(live[0].Value.Uint64(), share))
	})
}

// shareOf is the garbage that may lie about where so many bytes live, in percent of them, a share at most.
func shareOf(live uint64, share int) int {
	return min(max(int(100*most/max(live, 1)), 100), share)
}

// afterCollections calls f soon after every collection of garbage.
func afterCollections(f func()) {
	type sentinel struct{ _ [16]byte } // alone in its memory, or the runtime would not notice
	var again func(*sentinel)
	again = func(s *sentinel) {
		f()
		runtime.SetFinalizer(s, again)
	}
	runtime.SetFinalizer(new(sentinel), again)
}
