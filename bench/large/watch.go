package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"flashmob/bench"
)

// peaks are the most that was seen of everything.
type peaks struct {
	resident map[string]int64 // bytes of a process's memory, by what it is
	log      int64            // bytes on the log's disk
}

// lookEvery is how often processes and disk are looked at. The kernel keeps a process's peak itself.
const lookEvery = 100 * time.Millisecond

// watch looks at the processes whose programs lie under a folder, and at the logs there, until the returned function is called.
func watch(dir string) func() peaks {
	p := peaks{resident: map[string]int64{}}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			p.look(dir)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() peaks {
		close(stop)
		<-stopped
		return p
	}
}

func (p *peaks) look(dir string) {
	processes, _ := filepath.Glob("/proc/[0-9]*") // there is no error: it is a good pattern
	for _, process := range processes {
		program, err := os.Readlink(filepath.Join(process, "exe"))
		under, found := strings.CutPrefix(program, dir+"/")
		if err != nil || !found {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(process, "cmdline")) // it may have ended meanwhile
		if strings.Contains(string(command), "\x00generate\x00") {
			continue
		}
		status, _ := os.ReadFile(filepath.Join(process, "status"))
		what := whatIs(under)
		p.resident[what] = max(p.resident[what], residentMost(string(status)))
	}
	logs := int64(0)
	for _, pattern := range []string{"out/.work/log", ".flashmob/local/*/.flashmob/runs/*/*/.work/log", ".flashmob/local/*/.flashmob/runs/*/.work/log"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, log := range found {
			logs += used(log)
		}
	}
	p.log = max(p.log, logs)
}

// whatIs names a process by where its program lies.
func whatIs(program string) string {
	if _, rest, ok := strings.Cut(program, ".flashmob/local/"); ok {
		host, _, _ := strings.Cut(rest, "/")
		return host
	}
	if filepath.Base(program) == "flashmob" {
		return "operator"
	}
	return "worker process"
}

// residentMost reads how much memory a process has had at most.
func residentMost(status string) int64 {
	for line := range strings.Lines(status) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64) // 0 is none
			return kib << 10
		}
	}
	return 0
}

// memory is the processes' memory, in words.
func (p peaks) memory() string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(p.resident)) {
		all = append(all, fmt.Sprintf("%s %s", what, bench.Grouped(p.resident[what]/1e6)))
	}
	return strings.Join(all, ", ")
}

// used is how many bytes of disk the files under a folder take.
func used(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error { // what is removed meanwhile takes none
		if err != nil {
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
