package main

import (
	"context"
	"fmt"

	"flashmob/infra"
)

// fates knows how the hosts of a cluster ended: by the record of the cluster, which says at once what is done here, and by the
// account's own list.
type fates struct {
	cloud   cloudFlags
	cluster string // the ID; another cluster may have the name by now
	account *infra.Account
}

func newFates(stack string) *fates {
	f := &fates{cloud: cloudFlags{stack: stack}}
	if record, err := infra.ReadRecord(f.cloud.files().Record()); err == nil { // without one nothing is known
		f.cluster = record.Spec.ID
	}
	return f
}

// ended says how the host ended; it is empty where it is to be there still, or nothing is known. It is not for concurrent use.
func (f *fates) ended(ctx context.Context, host string) (string, error) {
	record, err := infra.ReadRecord(f.cloud.files().Record())
	if err != nil || f.cluster == "" {
		return "", err
	}
	switch {
	case record.State == infra.Destroying && record.Spec.ID == f.cluster:
		return fmt.Sprintf("its cluster is being ended by %v", record.Holder), nil
	case record.State == infra.Gone || record.Spec.ID != f.cluster:
		return "its cluster was ended", nil
	}
	if f.account == nil {
		if _, err := f.cloud.enter(ctx); err != nil {
			return "", err
		}
		if f.account, err = infra.OpenAccount(ctx, record.Spec.Region); err != nil {
			return "", err
		}
	}
	for _, life := range record.Living() {
		if life.Host != host {
			continue
		}
		fate, err := f.account.Fate(ctx, life.Instance)
		if fate != "" {
			fate = fmt.Sprintf("its instance %s is %s", life.Instance, fate)
		}
		return fate, err
	}
	return "", nil
}
