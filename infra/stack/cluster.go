package stack

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flashmob/infra"
)

// Cluster is one cluster, by its files. The zero value is the cluster "flashmob" in ".flashmob".
type Cluster struct {
	Files infra.Files
	// Notify hears of every step; it is called from one goroutine at a time and must not block for long.
	// Defaults to nobody.
	Notify func(infra.Event)
	// Prices make quotes and receipts. Defaults to infra.ListPrices.
	Prices infra.Prices
}

func (c Cluster) notify(e infra.Event) {
	if c.Notify == nil {
		return
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	c.Notify(e)
}

// inTurn is c for several goroutines: Notify is still called from one at a time.
func (c Cluster) inTurn() Cluster {
	var mu sync.Mutex
	notify := c.notify
	c.Notify = func(e infra.Event) {
		mu.Lock()
		defer mu.Unlock()
		notify(e)
	}
	return c
}

func (c Cluster) prices() infra.Prices {
	if c.Prices.AsOf != "" {
		return c.Prices
	}
	known, err := c.Files.KnownPrices()
	if err != nil { // what is done does not depend on what it costs
		c.notify(infra.Event{Step: "prices", Detail: fmt.Sprintf("those that came with flashmob: %v", err)})
		return infra.ListPrices()
	}
	return known
}

// hold runs work while it holds the cluster's lock. The lock is left as unfinished when work panics or the process
// dies; an error is a finish, since work has written down how far it got.
func (c Cluster) hold(operation string, work func(me infra.Holder, stale *infra.Holder) error) (err error) {
	me := infra.Me(operation)
	lock, err := infra.Acquire(c.Files.Lock(), me)
	if err != nil {
		return err
	}
	finished := false
	defer func() { err = errors.Join(err, lock.Release(finished)) }()
	if lock.Stale != nil {
		c.notify(infra.Event{Step: "lock", Detail: fmt.Sprintf("taken over from %v, which ended without finishing", lock.Stale)})
	}
	err = work(me, lock.Stale)
	// A repair that did not come to its end is still due, for the next one.
	finished = err == nil || lock.Stale == nil
	return err
}

// record reads the record; a cluster that never was has the zero Record.
func (c Cluster) record() (infra.Record, error) {
	r, err := infra.ReadRecord(c.Files.Record())
	if errors.Is(err, infra.ErrNoRecord) {
		return infra.Record{}, nil
	}
	return r, err
}

// account opens the account that the record's cluster stands in.
func account(ctx context.Context, spec infra.Spec) (*infra.Account, error) {
	return infra.OpenAccount(ctx, spec.Region)
}
