package main

import (
	"testing"
	"time"

	"flashmob/worker"
)

// takeOverMost is how long after its worker's death or stop a batch may be done by another, with the usual ack wait.
const takeOverMost = 3 * time.Second

// lag measures by how much at most this machine lets somebody wait who asked to be woken, until the returned function is called.
func lag() func() time.Duration {
	const nap = 10 * time.Millisecond
	stop, most := make(chan struct{}), make(chan time.Duration)
	go func() {
		var worst time.Duration
		for {
			asked := time.Now()
			select {
			case <-stop:
				most <- worst
				return
			case <-time.After(nap):
				worst = max(worst, time.Since(asked)-nap)
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		return <-most
	}
}

// What a worker holds that dies or stands still is begun, and even done, by another within 3 seconds.
func TestABatchIsTakenOverWithinThreeSeconds(t *testing.T) {
	for _, c := range []struct {
		name, env string
		gone      func(p *player) bool
	}{
		{"dead", "FLASHMOB_CRASH=begun:3", func(p *player) bool {
			select {
			case <-p.ended:
				return true
			default:
				return false
			}
		}},
		{"stopped", "FLASHMOB_STOP=begun:3", func(p *player) bool { return halted(p.cmd.Process.Pid) }},
	} {
		for _, app := range []string{"classifier", "wordcount"} {
			t.Run(c.name+"/"+app, func(t *testing.T) {
				run := newCast(t, app, inputs[app].text(), 20, waits["usual"])
				run.initializer()
				run.worker("workers-1", c.env)
				victim := run.players["workers-1"]
				run.worker("workers-2")
				run.joined(3)
				run.operate()
				run.until("the worker's end", func() bool { return c.gone(victim) })
				begun, lagged := time.Now(), lag()
				var after time.Duration
				run.until("another worker to do its batch", func() bool {
					s, _ := run.status()
					for _, one := range s.Incidents {
						if one.Kind == worker.IncidentRetried {
							after = max(after, one.At.Sub(begun))
						}
					}
					return after > 0
				})
				most := takeOverMost + 4*lagged()
				t.Logf("done by another %v after, with an ack wait of %v", after.Round(time.Millisecond), waits["usual"])
				if after > most {
					t.Errorf("done by another %v after, want at most %v", after, most)
				}
				run.finished()
			})
		}
	}
}
