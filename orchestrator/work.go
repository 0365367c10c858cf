package orchestrator

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"flashmob/input"
	"flashmob/worker"
)

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
	for i := range o.workers {
		group.Go(func() error { return o.tend(ctx, i, over, &left) })
	}
	return group.Wait()
}

// finish writes the manifest and gives the files their final names.
func (o *Orchestrator) finish(context.Context) (err error) {
	o.manifest, err = o.folder.Finish(o.phases)
	return err
}
