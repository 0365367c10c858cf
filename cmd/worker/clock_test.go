package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clockVariable names the file that says by how many seconds the clock of a process built by jumpy is off.
const clockVariable = "FLASHMOB_CLOCK"

// jump is a file for Go's package time: what the clock is off by, looked up again and again.
const jump = `package time

import (
	"sync/atomic"
	"syscall"
)

var offBy atomic.Int64

func init() {
	if name, _ := syscall.Getenv("` + clockVariable + `"); name != "" {
		go func() {
			for ; ; Sleep(20 * Millisecond) {
				offBy.Store(numberIn(name))
			}
		}()
	}
}

func numberIn(name string) (number int64) {
	file, err := syscall.Open(name, syscall.O_RDONLY, 0)
	if err != nil {
		return 0 // it was not set yet
	}
	defer syscall.Close(file)
	text := make([]byte, 20)
	n, _ := syscall.Read(file, text)
	sign := int64(1)
	for _, c := range text[:max(n, 0)] {
		if c == '-' {
			sign = -1
			continue
		}
		number = number*10 + int64(c-'0')
	}
	return sign * number
}
`

// jumpy builds the program so that the time of day that it sees can jump, as when the clock of its machine is set; what it sees of
// the time that passes is not touched, as there. It returns "" where this Go's time.Now is not the one that is known here.
var jumpy = sync.OnceValues(func() (string, error) {
	const now, jumpingNow = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {\n", "\tsec, nsec, mono := runtimeNow()\n\tsec += offBy.Load()\n\tif mono == 0 {\n"
	theirs := filepath.Join(runtime.GOROOT(), "src", "time")
	text, err := os.ReadFile(filepath.Join(theirs, "time.go"))
	if err != nil || strings.Count(string(text), now) != 1 {
		return "", err
	}
	dir, err := os.MkdirTemp("", "flashmob-jumpy")
	if err != nil {
		return "", err
	}
	programDirs = append(programDirs, dir)
	replace := map[string]string{}
	for name, text := range map[string]string{"time.go": strings.Replace(string(text), now, jumpingNow, 1), "jump.go": jump} {
		ours := filepath.Join(dir, name)
		if err := os.WriteFile(ours, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(theirs, name)] = ours
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	listed := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(listed, overlay, 0o644); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "worker")
	build := exec.Command("go", "build", "-buildvcs=false", "-overlay", listed, "-tags", "faults", "-o", program, "flashmob/cmd/worker")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build worker: %w\n%s", err, text)
	}
	return program, nil
})

// By how many seconds clocks are set: by more than a certificate of a day or two would bear.
const forward, back = 50 * 3600, -50 * 3600

// jumpyProgram returns the program whose clock can be set.
func jumpyProgram(t *testing.T) string {
	t.Helper()
	program, err := jumpy()
	if err != nil {
		t.Fatal(err)
	}
	if program == "" {
		t.Skipf("the clock can't be set: time.Now of %s is another than the one that is known here", runtime.Version())
	}
	return program
}

// set sets the clocks of processes to so many seconds from the truth.
func (c *cast) set(off int, names ...string) {
	c.t.Helper()
	for _, name := range names {
		next := c.clockOf(name) + ".next" // nobody is to read half of it
		if err := errors.Join(os.WriteFile(next, fmt.Append(nil, off), 0o644), os.Rename(next, c.clockOf(name))); err != nil {
			c.t.Fatal(err)
		}
	}
}

// clockOf is the file that says what the clock of a process is off by.
func (c *cast) clockOf(name string) string { return filepath.Join(c.dir, "clock-"+name) }

// newSlowCast returns a run that takes some seconds, of a program whose clock can be set.
func newSlowCast(t *testing.T, app, program string, ackWait time.Duration) *cast {
	c := newCast(t, app, inputs[app].text(), inputs[app].rows, ackWait)
	c.program = program
	c.run.Settings = json.RawMessage(map[string]string{"classifier": `{"calibrate":1000000}`, "votes": `{"delay":1000000}`}[app])
	return c
}

// The clocks of machines may be set by days while a run goes on, all of them or some, just after a worker has died and before another
// has what it held, and again later: nothing is lost, and nothing waits for days.
func TestClocksMayBeSetWhileARunGoesOn(t *testing.T) {
	program := jumpyProgram(t)
	one, replicas := []string{"initializer-1"}, []string{"host-1", "host-2", "host-3"}
	workers := []string{"workers-1", "workers-2"}
	for i, cell := range []struct {
		name string
		log  []string // who has it
		set  []string
		by   int
		then int // a second later
	}{
		{"all forward", one, slices.Concat(one, workers), forward, forward},
		{"all back", one, slices.Concat(one, workers), back, back},
		{"all forward and back", one, slices.Concat(one, workers), forward, 0},
		{"all back and forward", one, slices.Concat(one, workers), back, 0},
		{"the initializer forward", one, one, forward, forward},
		{"the initializer back", one, one, back, back},
		{"the worker that dies back", one, workers[:1], back, back},
		{"the other worker forward", one, workers[1:], forward, forward},
		{"all replicas forward", replicas, replicas, forward, forward},
		{"all replicas back", replicas, replicas, back, back},
		{"a replica forward", replicas, replicas[:1], forward, forward},
		{"two replicas back", replicas, replicas[1:], back, back},
	} {
		t.Run(cell.name, func(t *testing.T) {
			t.Parallel() // it waits most of the time
			cells(t, i, []string{"classifier", "votes"}, func(t *testing.T, app string, wait time.Duration) {
				c := newSlowCast(t, app, program, wait)
				there := len(workers)
				if len(cell.log) == 1 {
					c.initializer() // it works, too
					there++
				} else {
					c.replicate(len(cell.log))
				}
				c.worker("workers-1", "FLASHMOB_CRASH=half:1")
				victim := c.players["workers-1"]
				c.worker("workers-2")
				c.joined(there)
				c.operate()
				<-victim.ended
				c.set(cell.by, cell.set...)
				time.Sleep(time.Second)
				c.set(cell.then, cell.set...)
				c.finished()
				if got := c.victim(); got != "workers-1" {
					t.Errorf("%q died", got)
				}
			})
		})
	}
}
