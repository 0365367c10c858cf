package bench

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Machine is where a benchmark ran.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory_bytes"`
	Kernel string `json:"kernel"`
	System string `json:"system"`
	Load   string `json:"load"` // the load average at the start
}

// ThisMachine describes the machine as Linux shows it under /proc; what it does not show stays empty.
func ThisMachine() Machine {
	kib, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal", ":"), " kB"), 10, 64)
	return Machine{
		CPU:    procField("/proc/cpuinfo", "model name", ":"),
		Cores:  runtime.GOMAXPROCS(0), // those that a container may use, where it may not use all
		Memory: kib << 10,
		Kernel: procLine("/proc/sys/kernel/osrelease"),
		System: strings.Trim(procField("/etc/os-release", "PRETTY_NAME", "="), `"`),
		Load:   procLine("/proc/loadavg"),
	}
}

// procLine returns the first line of a file, empty when there is none.
func procLine(path string) string {
	data, _ := os.ReadFile(path)
	line, _, _ := strings.Cut(string(data), "\n")
	return line
}

// procField returns what follows the name and the separator on the first line that has it.
func procField(path, name, separator string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), separator)
		if strings.TrimSpace(field) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Usage is the CPU time that this process and its ended children have had, and that which all of the machine has had; 0
// where that cannot be read.
func Usage() (own, machine time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			own += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return own, machineBusy()
}

// tick is the unit of /proc/stat; Linux shows 100 a second to user space on every architecture that Go knows.
const tick = 10 * time.Millisecond

// machineBusy returns the CPU time that all cores have spent so far on anything but waiting, what the hypervisor took
// included; 0 where that cannot be read.
func machineBusy() time.Duration {
	fields := strings.Fields(procLine("/proc/stat"))
	var busy time.Duration
	for i, field := range fields {
		const idle, iowait, guest = 4, 5, 9 // guest time is contained in user time
		if i == 0 || i == idle || i == iowait || i >= guest {
			continue
		}
		ticks, _ := strconv.ParseInt(field, 10, 64)
		busy += time.Duration(ticks) * tick
	}
	return busy
}

// watchTree looks at the memory of the process and its descendants until the returned function is called, which gives
// the highest sum seen.
func watchTree(pid int) func() int64 {
	var peak int64
	var watching sync.WaitGroup
	stop := make(chan struct{})
	watching.Go(func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			peak = max(peak, treeMemory(strconv.Itoa(pid)))
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	})
	return func() int64 {
		close(stop)
		watching.Wait()
		return peak
	}
}

// treeMemory returns the resident bytes of a process and its descendants; a process that is gone counts nothing.
func treeMemory(pid string) int64 {
	var sum int64
	if fields := strings.Fields(procLine("/proc/" + pid + "/statm")); len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64)
		sum = pages * int64(os.Getpagesize())
	}
	threads, _ := filepath.Glob("/proc/" + pid + "/task/*/children")
	for _, thread := range threads {
		for _, child := range strings.Fields(procLine(thread)) {
			sum += treeMemory(child)
		}
	}
	return sum
}
