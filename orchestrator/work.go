package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"flashmob/input"
	"flashmob/worker"
)

// ErrNoWorkers says that the last worker has ended before the run did.
var ErrNoWorkers = errors.New("no workers left")

// work feeds, processes and gathers.
func (o *Orchestrator) work(ctx context.Context) error {
	in := o.initializer.Load()
	group, ctx := errgroup.WithContext(ctx)
	over := make(chan struct{})
	if o.Watcher != nil {
		watching, stop := context.WithCancel(ctx)
		watched := make(chan error, 1)
		go func() { watched <- in.Watch(watching, o.Watcher) }()
		defer func() {
			stop()
			if unwatched := <-watched; unwatched != nil {
				o.Log.Warn("dashboard", "err", unwatched)
			}
		}()
	}
	group.Go(func() error {
		defer close(over)
		return in.Run(ctx)
	})
	group.Go(func() error {
		select {
		case <-o.draining:
			in.Drain()
		case <-over:
		}
		return nil
	})
	if o.Processes == 0 {
		group.Go(func() error {
			return in.Work(ctx, worker.Config{
				Name: "local", Slots: o.Workers, Version: o.Identity.Version, Flow: o.Flow, Log: o.Log, Env: o.Env, Stderr: o.Stderr, Access: input.Access(o.Identity.Inputs),
			})
		})
		return group.Wait()
	}
	var left atomic.Int32
	left.Store(int32(len(o.workers)))
	for _, p := range o.workers {
		group.Go(func() error {
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
			drained := in.Left(p.host.Name)
			if drained {
				o.lanes.End(p.host.Name)
			} else {
				o.lanes.Fall(p.host.Name, p.how())
			}
			in.Lose(p.host.Name)
			if left.Add(-1) == 0 && in.Status().Slots == 0 { // else somebody has joined
				return fmt.Errorf("%s: worker ended: %s: %w", p.host.Name, p.how(), ErrNoWorkers)
			}
			if drained {
				return nil
			}
			o.Log.Warn("worker ended: its batches go to the others", "host", p.host.Name, "how", p.how())
			return nil
		})
	}
	return group.Wait()
}

// finish writes the manifest and gives the files their final names.
func (o *Orchestrator) finish(context.Context) (err error) {
	o.manifest, err = o.folder.Finish(o.phases)
	return err
}
