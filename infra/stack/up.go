package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"flashmob/infra"
)

// Up makes the cluster as spec says, or changes it to that: only the difference. When the cloud has no capacity it
// climbs the ladder (Spec.Rungs). What was made stays when Up fails; the error says so.
func (c Cluster) Up(ctx context.Context, spec infra.Spec) (result infra.UpResult, err error) {
	err = c.hold("up", func(me infra.Holder, stale *infra.Holder) error {
		result, err = c.up(ctx, spec, me, stale)
		return err
	})
	return result, err
}

func (c Cluster) up(ctx context.Context, spec infra.Spec, me infra.Holder, stale *infra.Holder) (infra.UpResult, error) {
	began := time.Now()
	u, err := c.begin(ctx, spec, me)
	if err != nil {
		return infra.UpResult{}, err
	}
	if u.stack, err = c.open(ctx, u.spec.Region, stale); err != nil {
		return infra.UpResult{}, err
	}
	if u.again || stale != nil {
		if err := c.settle(ctx, u.stack, u.account, u.spec, stale != nil); err != nil {
			return infra.UpResult{}, fmt.Errorf("repair cluster %s: %w", u.spec.Stack, err)
		}
	}
	outputs, err := u.climb(ctx)
	if err != nil {
		return infra.UpResult{Refusals: u.record.Refusals}, fmt.Errorf("create cluster %s: %w", u.spec.Stack, err)
	}
	return u.finish(outputs, began)
}

// An upward is one Up under way.
type upward struct {
	c       Cluster
	spec    infra.Spec
	record  infra.Record
	again   bool // the cluster was there before
	account *infra.Account
	stack   auto.Stack
	zones   []string       // that offer the type
	counts  map[string]int // operations done, of all attempts
}

// begin completes the spec and writes the record: all that is needed to find the cluster again is on disk when it
// returns, and nothing has been asked of the cloud.
func (c Cluster) begin(ctx context.Context, spec infra.Spec, me infra.Holder) (*upward, error) {
	old, err := c.record()
	if err != nil {
		return nil, err
	}
	spec.Stack = c.Files.Name()
	if spec, err = old.Continue(spec); err != nil {
		return nil, err
	}
	if spec, err = c.Files.Keys(spec); err != nil {
		return nil, err
	}
	if err := spec.Check(); err != nil {
		return nil, err
	}
	acct, err := account(ctx, spec)
	if err != nil {
		return nil, err
	}
	u := &upward{c: c, spec: spec, account: acct, again: old.Spec.ID == spec.ID, record: old.Begin(infra.Creating, spec, me),
		counts: map[string]int{}}
	return u, u.record.Write(c.Files.Record())
}

// climb creates what is missing on the first rung of the ladder that the cloud does not refuse.
func (u *upward) climb(ctx context.Context) (map[string]any, error) {
	var refused []infra.Refusal
	before, zone := u.spec.Placed, ""
	for {
		rung, ok := infra.NextRung(u.rungs(), refused)
		if !ok {
			return nil, fmt.Errorf("no capacity on any of the %d ways to buy it: %s", len(u.rungs()), lastWords(refused))
		}
		// What a refused rung did get stays, unless the next one is in another zone: a cluster stands in one.
		u.spec.Placed = before
		if zone != "" && rung.Zone == zone {
			u.spec.Placed = placed(u.record)
		}
		spec := u.spec.On(rung)
		outputs, err := u.create(ctx, spec)
		if noteErr := u.note(context.WithoutCancel(ctx), err == nil); err == nil {
			u.spec = spec
			return outputs, noteErr
		}
		if rung.Zone == "" && len(u.zones) > 0 {
			rung.Zone = u.zones[0]
			if i := slices.IndexFunc(u.spec.Zones, func(z string) bool { return slices.Contains(u.zones, z) }); i >= 0 {
				rung.Zone = u.spec.Zones[i]
			}
		}
		if ctx.Err() != nil {
			return nil, err
		}
		stuck, stuckErr := u.giveUp(ctx, spec)
		if stuckErr != nil {
			return nil, errors.Join(err, stuckErr)
		}
		refusal, ok := infra.ReadRefusal(err.Error(), rung, time.Now())
		switch {
		case !ok && len(stuck) > 0:
			zone = rung.Zone
			if err := u.doWithout(stuck); err != nil {
				return nil, err
			}
			continue
		case !ok:
			return nil, err
		case refusal.NoSuchType() && rung.Type == u.spec.Type:
			return nil, fmt.Errorf("instance type %q: %s has none; near it are %s", rung.Type, u.spec.Region, near(rung.Type))
		}
		zone = rung.Zone
		refused = append(refused, refusal)
		u.record.Refusals = append(u.record.Refusals, refusal)
		if err := u.record.Write(u.c.Files.Record()); err != nil {
			return nil, err
		}
		u.c.notify(infra.Event{Step: "refused", Detail: refusal.String()})
	}
}

func (u *upward) rungs() []infra.Rung {
	spec := u.spec
	if len(spec.Zones) == 0 {
		spec.Zones = u.zones
	}
	return spec.Rungs()
}

// near are names like that of a type that is not to be had: it may be misspelt.
func near(typ string) string { return strings.Join(infra.ListPrices().Near(typ), ", ") }

func lastWords(refused []infra.Refusal) string {
	var words []string
	for _, r := range refused {
		words = append(words, r.String())
	}
	return strings.Join(words, "; ")
}

func (u *upward) create(ctx context.Context, spec infra.Spec) (map[string]any, error) {
	u.stack.Workspace().SetProgram(program(spec, func(zones []string) { u.zones = zones }))
	w := watch(u.c.notify)
	options := []optup.Option{optup.EventStreams(w.events)}
	if u.again || len(u.record.Refusals)+len(spec.Without) > 0 {
		options = append(options, optup.Refresh()) // a host may have ended by itself
	}
	result, err := u.stack.Up(ctx, options...)
	w.close()
	u.count(w.counts)
	if err != nil {
		return nil, w.err(err)
	}
	outputs := map[string]any{}
	for name, value := range result.Outputs {
		outputs[name] = value.Value
	}
	return outputs, nil
}

// count adds up what an attempt did. What an earlier one has made, and this one left as it is, is new all the same.
func (u *upward) count(attempt map[string]int) {
	before := changes(u.counts)
	for op, n := range attempt {
		if op != "same" {
			u.counts[op] += n
		}
	}
	u.counts["same"] = max(0, attempt["same"]-max(0, before.Create-before.Delete-changes(attempt).Delete))
}

// note writes down which instances there are by now, also after a failure.
func (u *upward) note(ctx context.Context, complete bool) error {
	st, err := readState(ctx, u.stack)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	var living []string
	for _, life := range st.instances() {
		life.From, life.DiskGB = now, u.spec.DiskGB
		for _, in := range u.spec.Instances() {
			if in.Name == life.Host {
				life.Role = in.Role
			}
		}
		u.record.Born(life)
		living = append(living, life.Instance)
	}
	u.record.Ended(living, now)
	if complete {
		u.record.State = infra.Up
	}
	return u.record.Write(u.c.Files.Record())
}

func (u *upward) finish(outputs map[string]any, began time.Time) (infra.UpResult, error) {
	hosts, lives, err := Hosts(outputs)
	if err != nil {
		return infra.UpResult{}, err
	}
	inv, err := u.c.Files.WriteHosts(u.spec.ID, hosts, lives)
	if err != nil {
		return infra.UpResult{}, err
	}
	if zone, ok := outputs["zone"].(string); ok {
		u.spec.Zone = zone
	}
	u.record.Spec = u.spec
	if err := u.record.Write(u.c.Files.Record()); err != nil {
		return infra.UpResult{}, err
	}
	result := infra.UpResult{
		Cluster: u.spec.ID, Inventory: inv, InventoryFile: u.c.Files.Inventory(), Zone: u.spec.Zone, Changes: changes(u.counts),
		Refusals: u.record.Refusals, GivenUp: u.spec.Without, Took: time.Since(began),
	}
	result.Hourly, result.Unpriced = quote(u.c.prices(), u.record)
	result.PriceNote = u.c.prices().In(u.spec.Region).Note(time.Now())
	return result, nil
}

// quote is what the living hosts cost an hour, or why that is not known.
func quote(prices infra.Prices, record infra.Record) (float64, string) {
	spec := record.Spec
	spec.Placed = placed(record)
	rate, err := prices.Hourly(spec)
	if err != nil {
		return 0, err.Error()
	}
	return rate, ""
}

// placed is how the living hosts were bought.
func placed(record infra.Record) map[string]infra.Placement {
	places := map[string]infra.Placement{}
	for _, life := range record.Living() {
		places[life.Host] = life.Placement
	}
	return places
}

func changes(counts map[string]int) infra.Changes {
	return infra.Changes{
		Create: counts["create"] + counts["create-replacement"], Update: counts["update"],
		Delete: counts["delete"] + counts["delete-replaced"], Same: counts["same"],
	}
}
