package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"flashmob/worker"
)

// replicate gives the log of a run n replicas, each in a process of its own, told what the environment says besides.
func (c *cast) replicate(n int, env ...string) {
	c.t.Helper()
	addresses := freeAddresses(c.t, 2*n)
	for i := range n {
		r := worker.Replica{Name: fmt.Sprintf("host-%d", i+1), Clients: addresses[2*i], Peers: addresses[2*i+1]}
		c.replicas = append(c.replicas, r)
		if err := os.Mkdir(filepath.Join(c.dir, r.Name), 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, r := range c.replicas {
		c.replica(r.Name, env...)
	}
}

// replica starts the process that holds a replica; after a crash it is started again, without the environment.
func (c *cast) replica(name string, env ...string) {
	home := filepath.Join(c.dir, name)
	c.start(name, worker.Invitation{Appointment: &worker.Appointment{
		Run: c.run, Folder: filepath.Join(home, "out"), Socket: filepath.Join(home, "control"), Log: filepath.Join(home, "log"), Replicas: c.replicas,
		Identity: c.identity, BatchRows: c.rows, Patience: time.Minute, AckWait: c.ackWait,
	}}, env...)
	c.again(name, func() { c.replica(name) })
}

// victim returns the name of the process that has crashed; "" if none has.
func (c *cast) victim() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.died
}

// doneTwice is how many batches were worked on by two workers, both of which had a part for it in the end. A part that comes twice
// because the log's reply to it got lost is none of them: the log had not handed its batch out again. A machine that is too busy to
// let a worker say in time that it lives proves nothing here, and is said.
func (c *cast) doneTwice() (n int) {
	var last worker.Status
	c.until("the last figures", func() (ok bool) {
		last, ok = c.status()
		return ok && last.Fed
	})
	again := map[int64]bool{}
	for _, one := range last.Incidents {
		if one.Kind == worker.IncidentLost && one.Worker != c.victim() {
			c.t.Logf("%s went silent on this busy machine: batches that were done twice are not counted", one.Worker)
			return 0
		}
		again[one.Offset] = again[one.Offset] || one.Kind == worker.IncidentRetried
	}
	for _, one := range last.Incidents {
		if one.Kind == worker.IncidentDropped && again[one.Offset] {
			n++
		}
	}
	return n
}

// heldMost is how many batches a worker of one slot has: the one that it works on, those that wait, and those whose parts or acks
// are on their way.
const heldMost = 4

// The replica that leads may die at any point: another is the initializer then, and no batch is done twice for it.
func TestTheReplicaThatLeadsMayDieAtAnyPoint(t *testing.T) {
	for i, point := range []struct {
		name string
		hit  int
		apps []string
		all  bool // of them, on any day
	}{
		{"handed", 20, allApps, true}, {"gathered", 25, allApps, true}, {"appended", 25, allApps, false}, {"merged", 1, sumApps, false}, {"over", 1, allApps, false},
	} {
		apps := point.apps
		if !point.all && os.Getenv(faultsVariable) == "" {
			apps = apps[i%len(apps):][:1]
		}
		for _, app := range apps {
			t.Run(point.name+"/"+app, func(t *testing.T) {
				t.Parallel() // it waits for elections most of the time
				c := newCast(t, app, inputs[app].text(), inputs[app].rows, waits["usual"])
				c.replicate(3, fmt.Sprintf("FLASHMOB_CRASH=%s:%d", point.name, point.hit), "FLASHMOB_CRASH_ONCE="+filepath.Join(c.dir, "crashed"))
				c.worker("workers-1")
				c.worker("workers-2")
				c.joined(2)
				c.operate()
				c.finished()
				if c.victim() == "" {
					t.Errorf("no replica came to the point %q", point.name)
				}
				if n := c.doneTwice(); n > 0 {
					t.Errorf("%d batches were done twice, and no worker died", n)
				}
			})
		}
	}
}

// A worker may die at any point while the log has replicas: what it held is all that may be done again.
func TestAWorkerOfReplicasMayDieAtAnyPoint(t *testing.T) {
	for i, point := range []string{"sent", "logged", "acked"} {
		app := allApps[(i+1)%len(allApps)]
		t.Run(point+"/"+app, func(t *testing.T) {
			t.Parallel() // it waits for elections most of the time
			c := newCast(t, app, inputs[app].text(), inputs[app].rows, waits["usual"])
			c.replicate(3)
			c.worker("workers-1", "FLASHMOB_CRASH="+point+":3")
			c.worker("workers-2")
			c.joined(2)
			c.operate()
			c.finished()
			if got := c.victim(); got != "workers-1" {
				t.Errorf("%q came to the point %q", got, point)
			}
			if n := c.doneTwice(); n > heldMost {
				t.Errorf("%d batches were done twice, the dead worker held no more than %d", n, heldMost)
			}
		})
	}
}
