package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// signal sends a signal to a process of the cast, as it is now.
func (c *cast) signal(name string, s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.players[name].cmd.Process.Signal(s); err != nil {
		c.t.Logf("%s: %v", name, err) // it has ended: the run was faster
	}
}

// underWay waits until some parts are gathered.
func (c *cast) underWay() {
	c.t.Helper()
	c.until("the first part", func() bool {
		s, _ := c.status()
		return s.Tally.In > 0
	})
}

// halted reports whether a process is stopped.
func halted(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, state, found := strings.Cut(string(text), ") ")
	return err == nil && found && strings.HasPrefix(state, "T")
}

// All processes of a run may die at once, the initializer's and every worker's: others begin where they were.
func TestAllProcessesMayDieAtOnce(t *testing.T) {
	for _, app := range allApps {
		t.Run(app, func(t *testing.T) {
			c := newCast(t, app, inputs[app].text(), 20, waits["short"])
			c.initializer()
			c.worker("workers-1")
			c.worker("workers-2")
			c.joined(3)
			c.operate()
			c.underWay()
			for _, name := range []string{"workers-1", "initializer-1", "workers-2"} {
				c.signal(name, syscall.SIGKILL)
			}
			c.finished()
		})
	}
}

// A worker that is stopped past the ack wait loses what it holds to others, and does no harm when it goes on: what it still
// commits comes second.
func TestAStoppedWorkerIsNotWaitedFor(t *testing.T) {
	for i, app := range allApps {
		t.Run(app, func(t *testing.T) {
			wait := waits["short"]
			if i == 0 {
				wait = waits["usual"]
			}
			c := newCast(t, app, inputs[app].text(), 20, wait)
			c.initializer()
			c.worker("workers-1", "FLASHMOB_STOP=begun:3")
			stopped := c.players["workers-1"]
			c.worker("workers-2")
			c.joined(3)
			c.operate()
			c.until("the stop", func() bool { return halted(stopped.cmd.Process.Pid) })
			begun := time.Now()
			c.until("another worker to get its batch", func() bool {
				s, _ := c.status()
				return s.Retried > 0
			})
			t.Logf("another worker's part of it was gathered %v after the stop, with an ack wait of %v", time.Since(begun).Round(10*time.Millisecond), wait)
			c.signal("workers-1", syscall.SIGCONT)
			c.finished()
		})
	}
}
