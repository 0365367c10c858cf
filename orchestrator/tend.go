package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"flashmob/timeline"
	"flashmob/worker"
)

// ErrNoWorkers says that the last worker has ended before the run did, and is not started again.
var ErrNoWorkers = errors.New("no workers left")

// tend keeps the i-th worker process going until over is closed: one that crashes is started again, under its name. One that
// was let go, or that ended with an error of its own, is not. left counts those that are tended; the run ends with the last.
func (o *Orchestrator) tend(ctx context.Context, i int, over <-chan struct{}, left *atomic.Int32) error {
	in := o.initializer.Load()
	var crashes crashes
	for {
		p := o.workers[i]
		select {
		case <-p.ended:
		case <-over:
			return nil
		}
		select {
		case <-over: // it left because the run is over
			return nil
		default:
		}
		if p.err == nil { // only one that was told that the run is over leaves so: in a moment it is
			<-over
			return nil
		}
		drained, how := in.Left(p.host.Name), p.how()
		if drained {
			o.lanes.End(p.host.Name)
		} else {
			o.lanes.Fall(p.host.Name, how)
		}
		in.Lose(p.host.Name)
		if p.crashed() && !in.Left(p.host.Name) { // one that was killed on its way out is not wanted any more
			pause, again := crashes.again(time.Now(), in.Done(p.host.Name))
			if again {
				if o.restart(ctx, i, over, pause, in) {
					continue
				}
				return nil // the run is over
			}
			how += fmt.Sprintf(": %v", worker.ErrKeepsCrashing)
		}
		if left.Add(-1) == 0 && in.Status().Slots == 0 { // else somebody has joined
			return fmt.Errorf("%s: worker ended: %s: %w", p.host.Name, how, ErrNoWorkers)
		}
		if !drained {
			o.Log.Warn("worker ended: its batches go to the others", "host", p.host.Name, "how", how)
		}
		return nil
	}
}

// restart starts the i-th worker process again after a pause, and says so. It returns false if the run is over before. One
// that cannot be started has ended with that error instead.
func (o *Orchestrator) restart(ctx context.Context, i int, over <-chan struct{}, pause time.Duration, in *worker.Initializer) bool {
	p := o.workers[i]
	said := "worker crashed: it is started again"
	if in.Status().Slots == 0 {
		said = "worker crashed, and no other is at work: the run waits for those that are started again"
	}
	o.Log.Warn(said, "host", p.host.Name, "how", p.how())
	select {
	case <-time.After(pause):
	case <-over:
		return false
	}
	next, err := startProcess(ctx, p.host, o.WorkerProgram, p.invitation)
	if err != nil {
		p.err = fmt.Errorf("start worker: %w", err)
		return true
	}
	o.workers[i] = next
	o.lanes.Begin(p.host.Name, timeline.Work)
	return true
}

const (
	crashesInARow = 10 // with no batch done in between
	crashesMost   = 60 // within crashesTime
	crashesTime   = time.Minute
	pauseLeast    = 100 * time.Millisecond
	pauseMost     = time.Second
)

// crashes are those of one worker process, under whatever process ID.
type crashes struct {
	when  []time.Time
	inRow int
	done  int64 // batches, at the last crash
}

// again reports whether a worker that has just crashed, having done so many batches in all, is to be started again, and after
// which pause: one that gets nowhere after a longer one each time.
func (c *crashes) again(now time.Time, done int64) (pause time.Duration, again bool) {
	if done > c.done {
		c.inRow = 0
	}
	c.done = done
	c.inRow++
	c.when = append(c.when, now)
	for now.Sub(c.when[0]) > crashesTime {
		c.when = c.when[1:]
	}
	return min(pauseLeast<<(c.inRow-1), pauseMost), c.inRow < crashesInARow && len(c.when) < crashesMost
}
