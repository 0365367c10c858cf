package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"flashmob/flow"
)

// groupMost is how many deliveries an owner takes at once: one partition after the other goes through all of them, and finds
// its state in the core's cache.
const groupMost = 16

// owner keeps the partitions of keyed stages that were dealt to this worker. It is one goroutine; lanes work for it.
//
// Whatever it does is a fold over the exchange. So nothing depends on who owns a partition, or on two workers not believing
// that they do: both would send the gatherer the same outputs, which keeps the first.
type owner struct {
	*worker
	keyed     []*flow.Keyed
	snapshots snapshots
	deal      Deal
	owned     []*partition // in order of their numbers
	awaited   map[int]time.Time
	source    *exchangeReader
	at        uint64 // the delivery taken last
	taken     time.Time
	looked    time.Time // at the deal
}

// own keeps the partitions of this worker until ctx ends.
func (w *worker) own(ctx context.Context, f *flow.Flow) error {
	var kept jetstream.KeyValue
	var deals jetstream.KeyWatcher
	err := insist(ctx, w.Log, "join run", func() (err error) {
		if kept, err = w.js.KeyValue(ctx, snapshotBucket); err != nil {
			return err
		}
		deals, err = w.bucket.Watch(ctx, dealKey)
		return err
	})
	if err != nil {
		return fmt.Errorf("join run %s: %w", w.spec.Run.ID, err)
	}
	defer deals.Stop()
	o := &owner{
		worker: w, keyed: f.Keyed(), snapshots: snapshots{kept, w.depot, w.Log}, awaited: map[int]time.Time{}, taken: time.Now(),
	}
	defer func() { o.source.stop() }()
	tick := time.NewTicker(beatEvery / 5)
	defer tick.Stop()
	parts, late, bare := w.parts, (<-chan time.Time)(nil), w.bare
	for {
		if parts == nil && bare != nil && len(o.owned)+len(o.awaited) == 0 {
			close(bare)
			bare = nil
		}
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-parts:
			parts, late = nil, time.After(handOverMost)
		case <-late:
			err = o.abandon(ctx)
		case entry := <-deals.Updates():
			err = o.redeal(ctx, entry)
		case d := <-o.source.deliveries():
			err = o.apply(ctx, o.source.group(d))
		case <-tick.C:
			if err = o.look(ctx); err == nil {
				err = o.admit(ctx)
			}
			if err == nil {
				err = o.report()
			}
		}
		if err = o.tell(ctx, err); err != nil {
			return err
		}
	}
}

// tell passes a failure on to the initializer, which ends the run: no other owner would fare better.
func (o *owner) tell(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	message, encodeErr := encode(Output{Worker: o.Name, Failure: err.Error()}, nil)
	if encodeErr != nil {
		return errors.Join(err, encodeErr)
	}
	return errors.Join(err, o.publish(ctx, partSubject, message))
}

// lookEvery is how often the deal is looked at besides: whoever watches a log that starts again is told late.
const lookEvery = time.Second

// look takes up the deal if it was not told of it.
func (o *owner) look(ctx context.Context) error {
	if time.Since(o.looked) < lookEvery || !o.nc.IsConnected() {
		return nil
	}
	o.looked = time.Now()
	entry, err := o.bucket.Get(ctx, dealKey)
	if away(err) || errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil // there is another look
	}
	if err != nil {
		return fmt.Errorf("look for deal: %w", err)
	}
	return o.redeal(ctx, entry)
}

// apply takes deliveries through all partitions and sends out what comes of it.
func (o *owner) apply(ctx context.Context, group []*delivered) error {
	if len(group) == 0 || len(o.owned) == 0 {
		return nil
	}
	if group[0].seq != o.at+1 {
		return o.relearn(ctx, group[0].seq)
	}
	begun := time.Now()
	first, last := o.owned[0].number, o.owned[len(o.owned)-1].number
	for _, d := range group {
		if !slices.ContainsFunc(o.owned, func(p *partition) bool { return p.wants(d) }) {
			continue
		}
		if err := d.load(o.depot, first, last); err != nil {
			return err
		}
	}
	lanes := min(o.lanes(), len(o.owned))
	var mu sync.Mutex
	var yields []yield
	pass := func(y yield) {
		mu.Lock()
		defer mu.Unlock()
		yields = append(yields, y)
	}
	var working errgroup.Group
	for lane := range lanes {
		working.Go(func() error {
			for i := lane; i < len(o.owned); i += lanes {
				for _, d := range group {
					if err := o.owned[i].take(d, pass); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err := working.Wait(); err != nil {
		return err
	}
	reach("applied")
	if err := o.send(ctx, yields); err != nil {
		return err
	}
	o.at = group[len(group)-1].seq
	o.meters.add(StageApply, takenIn(group, o.owned, time.Since(begun)))
	if err := o.save(ctx); err != nil {
		return err
	}
	return o.report()
}

// lanes returns how many partitions are worked on at a time. Stages that emit on update work serially in every worker: a
// worker stands for a thread of the dataflow then, whatever the machine has.
func (o *owner) lanes() int {
	if o.keyed[0].OnUpdate() {
		return 1
	}
	return o.Slots
}

// report tells the initializer how far this worker is.
func (o *owner) report() error {
	if len(o.owned) == 0 || len(o.awaited) > 0 {
		return nil
	}
	progress := Progress{Worker: o.Name, Epoch: o.deal.Epoch, Applied: o.at, Safe: o.at}
	for _, p := range o.owned {
		progress.Applied = min(progress.Applied, p.settled())
		if o.keeps() {
			progress.Safe = min(progress.Safe, p.record.At)
		}
	}
	progress.Safe = min(progress.Safe, progress.Applied)
	text, err := json.Marshal(progress)
	if err != nil {
		return fmt.Errorf("report progress: %w", err)
	}
	_ = o.nc.Publish(progressSubject, text) // one that is lost is followed by the next
	return nil
}
