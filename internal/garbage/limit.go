package garbage

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// Limit lets the program collect garbage as often as it takes to stay below half of what it may have, rather than let its
// heap grow to a multiple of what lives: a host has other things in its memory. Who has set GOMEMLIMIT knows better.
func Limit() {
	if may := memory("/"); may > 0 && os.Getenv("GOMEMLIMIT") == "" {
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
