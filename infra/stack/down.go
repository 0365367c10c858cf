package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optremove"

	"flashmob/infra"
)

// Down destroys the cluster and proves it: it destroys what Pulumi's state knows, lists by tag what the account still
// has, deletes that too, and lists again. The receipt says what is left; if anything is, the error is a
// *infra.LeftError. It works without state and without record (then by the cluster's name and owner, in region), and
// once more on a cluster that is gone.
func (c Cluster) Down(ctx context.Context, region string) (receipt infra.Receipt, err error) {
	err = c.hold("down", func(me infra.Holder, stale *infra.Holder) error {
		receipt, err = c.down(ctx, region, me, stale)
		return err
	})
	return receipt, err
}

// lateWait is how long after the death of a process what it had asked for may still come into the account's lists.
const lateWait = 5 * time.Second

func (c Cluster) down(ctx context.Context, region string, me infra.Holder, stale *infra.Holder) (infra.Receipt, error) {
	began := time.Now()
	record, err := c.record()
	if err != nil {
		return infra.Receipt{}, err
	}
	spec := record.Spec
	filter := infra.Filter{Run: spec.ID}
	known := spec.ID != ""
	if !known {
		spec, known = c.recall(ctx, infra.Spec{Region: region}.WithDefaults().Region, stale)
		filter.Run = spec.ID
	}
	if !known {
		spec = infra.Spec{ID: "unknown", Stack: c.Files.Name(), Region: region}.WithDefaults()
		filter = infra.Filter{Stack: spec.Stack, Owner: spec.Owner}
	}
	was := record.State
	record = record.Begin(infra.Destroying, spec, me)
	// Of a cluster that is gone the keys are gone too: it must not look like one that an up could go on with.
	if known && was != infra.Gone {
		if err := record.Write(c.Files.Record()); err != nil {
			return infra.Receipt{}, err
		}
	}
	acct, err := account(ctx, spec)
	if err != nil {
		return infra.Receipt{}, err
	}
	before, err := acct.List(ctx, filter)
	if err != nil {
		return infra.Receipt{}, err
	}
	record.Saw(before)

	var destroyErr error
	destroying := time.Now()
	if known && was != infra.Gone {
		destroyErr = c.destroy(ctx, spec, acct, stale, was != infra.Up)
		if ctx.Err() != nil {
			return infra.Receipt{}, errors.Join(destroyErr, context.Cause(ctx))
		}
		var locked *infra.LockedError
		if errors.As(destroyErr, &locked) {
			return infra.Receipt{}, destroyErr // a living engine would make anew what is swept here
		}
		if destroyErr != nil {
			c.notify(infra.Event{Step: "destroy", Detail: fmt.Sprintf("%v: going on by tag", destroyErr)})
		}
	}
	destroyed := time.Now()
	left, swept, sweepErr := c.reconcile(ctx, acct, filter)
	if stale != nil && sweepErr == nil && len(left) == 0 {
		var late []infra.Resource
		if err := pause(ctx, time.Until(began.Add(lateWait))); err != nil {
			return infra.Receipt{}, err
		}
		left, late, sweepErr = c.reconcile(ctx, acct, filter)
		swept = append(swept, late...)
	}

	ended := time.Now().UTC().Truncate(time.Second)
	record.Ended(instanceIDs(left), ended)
	receipt := infra.NewReceipt(record, c.prices(), ended)
	receipt.Swept, receipt.DestroyTook = swept, destroyed.Sub(destroying)
	receipt.ProofTook = destroying.Sub(began) + time.Since(destroyed)
	receipt.Compare(before, left)
	if !known {
		receipt.Recognize(before)
	}
	if was == infra.Gone && len(before) == 0 {
		return receipt, nil // gone before: the receipt of then stays
	}
	if _, err := receipt.Write(c.Files.Receipts()); err != nil {
		return receipt, err
	}
	if sweepErr != nil || len(left) > 0 {
		return receipt, &infra.LeftError{Left: left, Err: errors.Join(destroyErr, sweepErr)}
	}
	return receipt, c.close(ctx, record, stale)
}

func instanceIDs(resources []infra.Resource) []string {
	var ids []string
	for _, r := range resources {
		if r.Kind == infra.KindInstance {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// destroy lets Pulumi destroy what it knows. Where the last operation did not come to its end, strays go meanwhile:
// one instance that is not in the state keeps the network, and Pulumi would wait for it for as long as its provider does.
func (c Cluster) destroy(ctx context.Context, spec infra.Spec, acct *infra.Account, stale *infra.Holder, unfinished bool) error {
	stack, err := c.open(ctx, spec.Region, stale)
	if err != nil {
		return err
	}
	if stale != nil || unfinished {
		st, err := readState(ctx, stack)
		if err != nil {
			return err
		}
		c = c.inTurn()
		sweeping, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		group.Go(func() { c.sweepStrays(sweeping, acct, spec, st.ids()) })
		defer group.Wait()
		defer stop()
	}
	w := watch(c.notify)
	_, err = stack.Destroy(ctx, optdestroy.EventStreams(w.events))
	w.close()
	if err != nil {
		return fmt.Errorf("destroy cluster %s: %w", spec.Stack, w.err(err))
	}
	return nil
}

// pause waits, not at all for a time that is over.
func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// reconcile lists what the account still has, deletes it and lists again; it returns what is left and what it deleted.
func (c Cluster) reconcile(ctx context.Context, acct *infra.Account, f infra.Filter) (left, swept []infra.Resource, err error) {
	c.notify(infra.Event{Step: "list", Detail: "what the account still has"})
	left, err = acct.List(ctx, f)
	if err != nil || len(left) == 0 {
		return left, nil, err
	}
	sweepErr := acct.Sweep(ctx, left, func(r infra.Resource) {
		c.notify(infra.Event{Step: "sweep", Kind: string(r.Kind), Name: r.ID})
	})
	swept = left
	left, err = acct.Settle(ctx, f, 10*time.Second)
	if err == nil && len(left) == 0 {
		return nil, swept, nil // an error on the way to nothing left is none
	}
	return left, swept, errors.Join(sweepErr, err)
}

// close forgets the cluster: Pulumi's stack, the keys and the inventory go, the record stays for its size.
func (c Cluster) close(ctx context.Context, record infra.Record, stale *infra.Holder) error {
	if record.State = infra.Gone; record.Spec.ID != "unknown" {
		if err := c.forgetStack(ctx, record.Spec, stale); err != nil {
			return err
		}
		if err := record.Write(c.Files.Record()); err != nil {
			return err
		}
	}
	return c.Files.Forget()
}

// forgetStack removes Pulumi's stack of a cluster that is gone, also when its state cannot be read any more.
func (c Cluster) forgetStack(ctx context.Context, spec infra.Spec, stale *infra.Holder) error {
	stack, err := c.open(ctx, spec.Region, stale)
	if err == nil {
		err = stack.Workspace().RemoveStack(ctx, stack.Name(), optremove.Force())
	}
	dir, local := c.stateDir()
	var locked *infra.LockedError
	if err == nil || !local || errors.As(err, &locked) {
		if err != nil {
			return fmt.Errorf("forget stack %s: %w", spec.Stack, brief(err))
		}
		return nil
	}
	broken, err := filepath.Glob(filepath.Join(dir, ".pulumi", "stacks", project, spec.Stack+".json*"))
	for _, path := range broken {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
