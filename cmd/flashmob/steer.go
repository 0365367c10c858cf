package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flashmob/bench"
	"flashmob/infra"
	"flashmob/worker"
)

// errBudget says that a run was stopped because its budget was used up.
var errBudget = errors.New("the budget is used up")

const (
	// steerEvery is how often the forecast of a run with limits is renewed.
	steerEvery = 2 * time.Second
	// steerSettle is how long a forecast needs after hosts came or went, and at the beginning.
	steerSettle = 6 * time.Second
	// tellEvery is how often it is said that nothing can be done.
	tellEvery = time.Minute
)

// A steersman keeps a run on a cluster within its limits: it looks at the run every few seconds, lets the cluster grow and
// shrink, and drains the run at the budget's end. Its methods are called from one goroutine.
type steersman struct {
	limits bench.Limits
	most   int
	cloud  cloudFlags
	begun  time.Time // of the command
	prices infra.Prices
	record *reckoning
	show   *display
	join   time.Duration // of a host, as predicted
	end    time.Duration // that is paid after the run

	looked   time.Time
	settled  time.Time                            // from when on the forecast can be believed
	wanted   bench.Action                         // by the last look: what two in a row want is done
	told     time.Time                            // that nothing can be done
	resize   func(ctx context.Context, hosts int) // makes the cluster larger or smaller while the run goes on
	resizing sync.WaitGroup
	busy     chan struct{} // holds a token while hosts come or go
	stopped  bool          // at the budget's end
}

// newSteersman returns one for a run on the cluster of ours. A budget needs a price for every host.
func (flags runFlags) newSteersman(begun time.Time, show *display) (*steersman, error) {
	cloud := cloudFlags{stack: flags.stack}
	prices, err := cloud.files().KnownPrices()
	if err != nil {
		return nil, err
	}
	entry := &show.record.entry
	if unpriced := entry.Actual.Unpriced; flags.budget > 0 && unpriced != "" {
		return nil, withHint(fmt.Errorf("run: budget %s: what the hosts cost is not known: %s", bench.Money(float64(flags.budget)), unpriced), "flashmob prices refresh")
	}
	if record, err := infra.ReadRecord(cloud.files().Record()); err == nil && flags.budget > 0 {
		if note := prices.In(record.Spec.Region).Note(time.Now()); note != "" {
			show.logger().Info("the budget is counted by " + note)
		}
	}
	k := bench.Place(entry.Shape.Cloud)
	if p := entry.Predicted; p != nil {
		for _, phase := range p.Phases {
			switch phase.Name {
			case bench.Provision:
				k.Provision = phase.Seconds
			case bench.Destroy:
				k.Destroy = phase.Seconds
			}
		}
	}
	seconds := func(f bench.Figure) time.Duration { return time.Duration(f.Value * float64(time.Second)) }
	s := &steersman{
		limits: flags.limits(), most: flags.maxHosts, cloud: cloud, begun: begun, prices: prices, record: show.record, show: show,
		join: seconds(k.Provision), end: steerEvery, settled: time.Now().Add(steerSettle), busy: make(chan struct{}, 1),
	}
	s.resize = s.resizeCluster
	if show.record.holdBack { // a burst: the cluster is the run's alone
		s.end += seconds(k.Destroy)
	}
	return s, nil
}

// look renews the forecast and does what it asks for. left is the time until the end at the speed of the last seconds, negative
// where that is not known; drain ends the run early and tidily.
func (s *steersman) look(ctx context.Context, status worker.Status, left time.Duration, drain func()) {
	now := time.Now()
	if s.stopped || now.Sub(s.looked) < steerEvery {
		return
	}
	s.looked = now
	record, err := infra.ReadRecord(s.cloud.files().Record())
	if err != nil {
		s.tell(fmt.Sprintf("the cluster's record cannot be read: %v", err))
		return
	}
	situation := bench.Situation{
		Elapsed: now.Sub(s.begun), Left: left, Hosts: record.Spec.Size, Spent: s.spent(infra.NewReceipt(record, s.prices, now)), Join: s.join, End: s.end,
		Most: s.most, HostRate: s.record.entry.Shape.HostRate, MetricsRate: s.record.entry.Shape.MetricsRate,
	}
	limits := s.limits
	if left < 0 || status.Tally.In == 0 || now.Before(s.settled) || len(s.busy) > 0 {
		limits.Deadline = 0 // only the budget can be judged now
	}
	d := bench.Steer(limits, situation)
	again := d.Action == s.wanted // a forecast of seconds errs at times
	s.wanted = d.Action
	switch {
	case d.Action == bench.Stop:
		s.stopped = true
		s.decide(d)
		drain()
	case d.Action == bench.Stay:
		s.tell(d.Reason)
	case again:
		s.decide(d)
		s.record.entry.Resized = true
		s.busy <- struct{}{}
		s.resizing.Go(func() {
			defer func() { <-s.busy }()
			s.resize(ctx, d.Hosts)
		})
		s.settled = now.Add(s.join + steerSettle)
	}
}

// spent is what the run has cost so far: a cluster made for it all that it costs, another what it costs since the run began.
func (s *steersman) spent(receipt infra.Receipt) float64 {
	if s.record.holdBack {
		return receipt.Dollars
	}
	sum := 0.0
	for _, bill := range receipt.Bills {
		from := bill.From
		if s.begun.After(from) {
			from = s.begun
		}
		sum += bill.Rate * max(0, bill.To.Sub(from)).Hours()
	}
	return sum
}

// decide shows a decision with its reason, and keeps it.
func (s *steersman) decide(d bench.Decision) {
	text := string(d.Action)
	if d.Action != bench.Stop {
		text = fmt.Sprintf("%s to %d", d.Action, d.Hosts)
	}
	s.keep(fmt.Sprintf("%s: %s", text, d.Reason))
	s.show.logger().Info("decided: "+text, "because", d.Reason)
}

// tell shows why nothing can be done, now and then.
func (s *steersman) tell(reason string) {
	if reason == "" || time.Since(s.told) < tellEvery {
		return
	}
	s.told = time.Now()
	s.keep(reason)
	s.show.logger().Warn(reason)
}

// keep writes into the run's record what was decided or said.
func (s *steersman) keep(text string) {
	s.record.entry.Decisions = append(s.record.entry.Decisions, fmt.Sprintf("after %s: %s", bench.Brief(time.Since(s.begun)), text))
}

// resizeCluster makes the cluster larger or smaller. Where that fails the run goes on as it is.
func (s *steersman) resizeCluster(ctx context.Context, hosts int) {
	up := upFlags{cloudFlags: s.cloud, spec: infra.Spec{Size: hosts}}
	if err := up.resize(ctx, s.show); err != nil && ctx.Err() == nil {
		s.show.logger().Warn("the cluster keeps its size", "err", err)
	}
}

// outcome waits until no hosts come or go any more, for whoever ends the cluster has to know them all. It returns what became
// of the run: a missed deadline is said, and is no error, for the results are there.
func (s *steersman) outcome(err error) error {
	s.resizing.Wait()
	switch {
	case s.stopped && err != nil:
		return withHint(fmt.Errorf("%w: %w", errBudget, err), "what is done is kept: a larger --budget with --resume does the rest, on a cluster or with --local here")
	case err == nil && s.limits.Deadline > 0:
		if late := time.Since(s.begun) - s.limits.Deadline; late > 0 {
			s.show.logger().Warn("the deadline was missed", "by", bench.Brief(late))
		}
	}
	return err
}
