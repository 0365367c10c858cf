package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
)

const (
	// garbageShare is how much garbage may lie about until it is collected, in percent of what lives: a few MB live mostly, and to
	// collect them less often is cheap in memory and not in time.
	garbageShare = 400
	// garbageMost is how many bytes of it may, where that is more than lives. The log's caches are garbage of a kind: they are kept
	// until somebody collects it, and are as large as what went through lately.
	garbageMost = 256 << 20
)

// boundGarbage sees to it that no more garbage lies about than is said above, from now on.
func boundGarbage() {
	debug.SetGCPercent(garbageShare)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	afterCollections(func() {
		metrics.Read(live)
		debug.SetGCPercent(shareOf(live[0].Value.Uint64()))
	})
}

// shareOf is the garbage that may lie about where so many bytes live, in percent of them.
func shareOf(live uint64) int {
	return int(min(max(100*garbageMost/max(live, 1), 100), garbageShare))
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

// limitMemory lets the program collect garbage as often as it takes to stay below half of what it may have, rather than let its
// heap grow to a multiple of what lives: a host has other things in its memory. Who has set GOMEMLIMIT knows better.
func limitMemory(root string) {
	if may := memory(root); may > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(may / 2)
	}
}

// memory returns how many bytes this process may have: what the machine has, or its control group if that is less; 0 where
// neither is told. root is the file system's.
func memory(root string) (bytes int64) {
	info, _ := os.ReadFile(filepath.Join(root, "proc/meminfo")) // only Linux has it
	for line := range strings.Lines(string(info)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64) // 0 is none
			bytes = kib << 10
		}
	}
	own, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	_, group, _ := strings.Cut(strings.TrimSpace(string(own)), "0::")
	for dir := filepath.Join("/", group); ; dir = filepath.Dir(dir) { // whoever is above limits it, too
		text, _ := os.ReadFile(filepath.Join(root, "sys/fs/cgroup", dir, "memory.max"))
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && (bytes == 0 || limit < bytes) {
			bytes = limit
		}
		if dir == "/" {
			return bytes
		}
	}
}
