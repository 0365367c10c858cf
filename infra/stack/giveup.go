package stack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"flashmob/infra"
	"flashmob/inventory"
)

// pending is the state of an instance that does not run yet, in the cloud's words.
const pending = "pending"

// giveUp ends the instances that a failed attempt has left pending, and returns their hosts' names. The engine waits for
// each until it runs, for as long as the spec lets it; so those are the ones that took too long. What is ended leaves the state at
// the next attempt, which begins with a refresh.
func (u *upward) giveUp(ctx context.Context, spec infra.Spec) ([]string, error) {
	listed, err := u.account.List(ctx, infra.Filter{Run: spec.ID})
	if err != nil {
		return nil, err
	}
	stuck := slices.DeleteFunc(listed, func(r infra.Resource) bool { return r.Kind != infra.KindInstance || r.State != pending })
	var names []string
	err = u.account.Sweep(ctx, stuck, func(r infra.Resource) {
		name := strings.TrimPrefix(r.Tags["Name"], spec.Stack+"-")
		names = append(names, name)
		u.c.notify(infra.Event{Step: "given up", Kind: "Instance", Name: name,
			Detail: fmt.Sprintf("%s is still pending after %v, and is ended", r.ID, spec.BootWait)})
	})
	slices.Sort(names)
	return names, err
}

// doWithout leaves the hosts out of the next attempt, where the others are enough.
func (u *upward) doWithout(stuck []string) error {
	u.spec.Without = append(slices.Clone(u.spec.Without), stuck...)
	hosts, initializers := 0, 0
	metrics := false
	for _, in := range u.spec.Instances() {
		switch in.Role {
		case inventory.MetricsHost:
			metrics = true
			continue
		case inventory.Initializer:
			initializers++
		}
		hosts++
	}
	switch said := fmt.Sprintf("%s: not running after %v, given up", strings.Join(stuck, ", "), u.spec.BootWait); {
	case initializers == 0 || !metrics:
		return fmt.Errorf("%s: no cluster is without it; another up makes it anew", said)
	case hosts < u.spec.MinHosts:
		return fmt.Errorf("%s: %d that process are left, at least %d are needed; another up makes them anew", said, hosts, u.spec.MinHosts)
	}
	return nil
}
