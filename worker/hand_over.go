package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

const (
	// snapshotBytes is how much a worker applies before it takes a snapshot of what it owns, at least: what a new owner
	// would have to read again.
	snapshotBytes = 64 << 20
	// SnapshotEvery is how long it waits at most, where there is anything new and the run does not say otherwise.
	SnapshotEvery = 5 * time.Second
	// handOverWait is how long a new owner waits for the old one's snapshot before it begins with the last that there is.
	handOverWait = 2 * time.Second
)

// redeal hands over what a deal takes away and begins to wait for what it brings.
func (o *owner) redeal(ctx context.Context, entry jetstream.KeyValueEntry) error {
	if entry == nil { // all that there was when the watch began has been seen
		return nil
	}
	var deal Deal
	if err := json.Unmarshal(entry.Value(), &deal); err != nil {
		return fmt.Errorf("read deal: %w", err)
	}
	if deal.Epoch <= o.deal.Epoch {
		return nil
	}
	o.deal = deal
	mine := deal.owned(o.Name)
	var lost []*partition
	o.owned = slices.DeleteFunc(o.owned, func(p *partition) bool {
		if slices.Contains(mine, p.number) {
			return false
		}
		lost = append(lost, p)
		return true
	})
	if err := o.snap(ctx, lost); err != nil {
		return err
	}
	clear(o.awaited)
	for _, number := range mine {
		if !slices.ContainsFunc(o.owned, func(p *partition) bool { return p.number == number }) {
			o.awaited[number] = time.Now().Add(handOverWait)
		}
	}
	return o.admit(ctx)
}

// keeps reports whether snapshots are of use: not where no other process could begin with one.
func (o *owner) keeps() bool { return o.spec.Depot != "" }

// admit takes in the awaited partitions whose former owner has handed them over, or is gone, or is late.
func (o *owner) admit(ctx context.Context) error {
	admitted := false
	for number, until := range o.awaited {
		record, err := o.snapshots.find(ctx, number)
		if err != nil {
			return err
		}
		from := o.deal.From[number]
		if from != "" && from != o.Name && record.Epoch < o.deal.Since[number] && time.Now().Before(until) {
			continue
		}
		p, err := o.snapshots.load(ctx, record, number, o.spec.Partitions, o.keyed)
		if err != nil {
			return err
		}
		delete(o.awaited, number)
		o.owned = append(o.owned, p)
		admitted = true
	}
	if !admitted {
		return nil
	}
	slices.SortFunc(o.owned, func(a, b *partition) int { return a.number - b.number })
	return o.rewind(ctx)
}

// rewind reads the exchange again from the first delivery that any of the partitions has not seen.
func (o *owner) rewind(ctx context.Context) error {
	o.source.stop()
	o.at = o.owned[0].at
	for _, p := range o.owned {
		o.at = min(o.at, p.at)
	}
	return insist(ctx, o.Log, "read exchange", func() (err error) {
		o.source, err = readExchange(ctx, o.js, o.at+1)
		return err
	})
}

// relearn begins again with the last snapshots: the log has let go of deliveries that this worker has not seen. That is so
// when others have owned its partitions meanwhile.
func (o *owner) relearn(ctx context.Context, next uint64) error {
	at := o.at
	for _, p := range o.owned {
		o.awaited[p.number] = time.Now()
	}
	o.owned = nil
	if err := o.admit(ctx); err != nil {
		return err
	}
	if o.at <= at {
		return fmt.Errorf("read exchange: delivery %d follows %d, and no snapshot is newer", next, at)
	}
	return nil
}

// save takes snapshots when enough has come since the last ones.
func (o *owner) save(ctx context.Context) error {
	var since int64
	for _, p := range o.owned {
		since += p.since
	}
	if since == 0 || since < snapshotBytes && time.Since(o.taken) < o.spec.SnapshotEvery {
		return nil
	}
	err := o.snap(ctx, o.owned)
	o.taken = time.Now()
	return err
}

// snap takes snapshots of partitions under the deal that there is, where they are of use.
func (o *owner) snap(ctx context.Context, partitions []*partition) error {
	if !o.keeps() {
		return nil
	}
	var working errgroup.Group
	working.SetLimit(o.lanes())
	for _, p := range partitions {
		working.Go(func() error { return o.snapshots.save(ctx, p, o.deal.Epoch) })
	}
	return working.Wait()
}

// abandon leaves everything behind in snapshots: nobody has taken it over.
func (o *owner) abandon(ctx context.Context) error {
	err := o.snap(ctx, o.owned)
	o.owned = nil
	clear(o.awaited)
	return err
}
