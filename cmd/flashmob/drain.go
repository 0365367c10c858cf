package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flashmob/infra"
	"flashmob/inventory"
	"flashmob/orchestrator"
)

// drainWait is how long hosts that are to leave get to finish what they hold. Then they go: the log hands what is left to
// the others.
const drainWait = 30 * time.Second

// drainLeaving asks the workers on hosts that a smaller cluster will not have to finish what they hold. It is a courtesy
// that saves the run time: where it fails, nothing is lost, and the hosts are ended all the same.
func (flags *upFlags) drainLeaving(ctx context.Context, show *display) {
	inv, err := inventory.Read(flags.files().Inventory())
	if err != nil || flags.spec.Size < 1 {
		return // there is no cluster yet, or it keeps its size
	}
	stay := map[string]bool{}
	for _, instance := range (infra.Spec{Size: flags.spec.Size}).Instances() {
		stay[instance.Name] = true
	}
	var leaving []inventory.Host
	for _, host := range inv.ByRole(inventory.Worker) {
		if !stay[host.Name] {
			leaving = append(leaving, host)
		}
	}
	if len(leaving) == 0 {
		return
	}
	log := show.logger()
	log.Info("draining hosts that leave", "hosts", len(leaving), "at most", drainWait)
	ctx, cancel := context.WithTimeoutCause(ctx, drainWait, fmt.Errorf("not done after %v", drainWait))
	defer cancel()
	errs := onHosts(ctx, inv, leaving, func(ctx context.Context, _ int, s *orchestrator.Session) error { return s.DrainWorkers(ctx) })
	if err := errors.Join(errs...); err != nil {
		log.Warn("hosts leave with work under way: it goes to the others", "err", err)
	}
}
