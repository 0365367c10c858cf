package garbage

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func TestMemoryIsWhatTheProcessMayHave(t *testing.T) {
	const machine = "MemTotal:        8000000 kB\nMemFree: 1 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no Linux":          {nil, 0},
		"a machine":         {map[string]string{"proc/meminfo": machine}, 8000000 << 10},
		"a group unlimited": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 8000000 << 10},
		"a group":           {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "500000000\n"}, 500000000},
		"a group above":     {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "600000000\n"}, 600000000},
		"a container":       {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "700000000\n"}, 700000000},
		"old groups":        {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "5:memory:/x\n"}, 8000000 << 10},
	} {
		root := t.TempDir()
		for path, text := range c.files {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := memory(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestGarbageIsBounded(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 4 << 20: 400, 64 << 20: 400, 128 << 20: 200, 256 << 20: 100, 4 << 30: 100} {
		if got := shareOf(live, 400); got != want {
			t.Errorf("%d MiB live: %d %%, want %d", live>>20, got, want)
		}
	}
}

func TestEveryCollectionIsNoticed(t *testing.T) {
	noticed := make(chan struct{})
	afterCollections(func() {
		select {
		case noticed <- struct{}{}:
		case <-t.Context().Done():
		}
	})
	for range 3 {
		for seen := false; !seen; {
			runtime.GC() // one that comes before the last is noticed is part of it
			select {
			case <-noticed:
				seen = true
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}
