package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"flashmob/flow"
)

// backlogLimit is how many bytes of deliveries may wait for their owners before no more batches are handed out.
const backlogLimit = 128 << 20

// keyed is what the initializer keeps of a run with keyed stages. It belongs to the goroutine that gathers.
type keyed struct {
	stages     []*flow.Keyed
	partitions int
	bucket     jetstream.KeyValue // where deals are made known
	exchange   jetstream.Stream

	dealt    func(before, now Deal, there []string)
	crew     []string // workers of the last deal, in the order that they came
	deal     Deal
	written  uint64 // revision of the deal that is in the log; 0 while there is none
	progress map[string]Progress
	bodies   []sentBody // of deliveries that not everybody is done with, in order
	seen     uint64     // the delivery that was gathered last
	needed   uint64     // the first delivery that the gatherer cannot do without
	applied  uint64     // all owners have

	ended   int     // stages that nothing more comes for
	handed  applied // partitions of the stage before that have handed on to stage ended
	runs    [][]byte
	missing int // runs that have not come
}

// sentBody is what a delivery left in the depot.
type sentBody struct {
	seq  uint64
	size int64
	ref  string
}

// newKeyed returns nil for a flow without keyed stages.
func newKeyed(f *flow.Flow, partitions int) *keyed {
	if len(f.Keyed()) == 0 {
		return nil
	}
	return &keyed{
		stages: f.Keyed(), partitions: partitions, progress: map[string]Progress{}, handed: applied{},
		runs: make([][]byte, partitions), missing: partitions,
	}
}

// partitionsOf returns how many partitions a run of the flow has: one a declared key, else enough to spread over the slots
// and to keep each one's table small. 0 without keyed stages.
func partitionsOf(f *flow.Flow, slots int) int {
	stages := f.Keyed()
	switch {
	case len(stages) == 0:
		return 0
	case stages[0].Keys() > 0:
		return stages[0].Keys()
	}
	n := leastPartitions
	for n < 4*slots && n < mostPartitions {
		n *= 2
	}
	return n
}

const (
	leastPartitions = 32
	mostPartitions  = 512
)

// prepareKeyed makes what keyed stages need in the log.
func (in *Initializer) prepareKeyed(ctx context.Context) (err error) {
	if in.keyed == nil {
		return nil
	}
	if in.keyed.exchange, err = in.makeStream(ctx, exchange); err != nil {
		return err
	}
	if _, err := in.makeBucket(ctx, snapshotBucket); err != nil {
		return err
	}
	in.keyed.bucket, in.keyed.dealt = in.bucket, in.dealt
	return nil
}

// redeal deals the partitions anew if other workers stay than before. While none do the last deal stays: who comes next
// gets them all.
func (k *keyed) redeal(ctx context.Context, there, stay []string) error {
	crew := slices.DeleteFunc(slices.Clone(k.crew), func(name string) bool { return !slices.Contains(stay, name) })
	for _, name := range stay {
		if !slices.Contains(crew, name) {
			crew = append(crew, name)
		}
	}
	if len(crew) == 0 || slices.Equal(crew, k.crew) {
		return nil
	}
	before := k.deal
	k.crew, k.deal = crew, k.deal.next(k.partitions, crew, there, k.stages[0].Keys() > 0)
	k.dealt(before, k.deal, there)
	text, err := json.Marshal(k.deal)
	if err != nil {
		return fmt.Errorf("deal partitions: %w", err)
	}
	if k.written, err = k.bucket.Update(ctx, dealKey, text, k.written); err != nil { // whose turn it is no more deals none
		return fmt.Errorf("deal partitions: %w", err)
	}
	return nil
}

// hear takes in how far a worker is. What all owners can do without, the log and the depot let go of.
func (in *Initializer) hear(ctx context.Context, msg *nats.Msg) error {
	k := in.keyed
	var p Progress
	if err := json.Unmarshal(msg.Data, &p); err != nil {
		return fmt.Errorf("read progress: %w", err)
	}
	k.progress[p.Worker] = p
	if p.Epoch == k.deal.Epoch {
		k.deal.taken(p.Worker)
	}
	first := true
	var applied, safe uint64
	for _, owner := range k.deal.Owners {
		p, ok := k.progress[owner]
		if !ok || p.Epoch != k.deal.Epoch {
			return nil // it has not taken its share up yet
		}
		if first {
			applied, safe, first = p.Applied, p.Safe, false
		}
		applied, safe = min(applied, p.Applied), min(safe, p.Safe)
	}
	k.applied = applied
	in.weigh()
	if in.replica != nil { // another host's gatherer begins with the first delivery
		return nil
	}
	k.needed = in.gather.floor(k.seen)
	return k.trim(ctx, safe, in.depot)
}

// weigh finds out whether the owners have more to take in than they should.
func (in *Initializer) weigh() {
	var backlog int64
	for _, b := range in.keyed.bodies {
		if b.seq > in.keyed.applied {
			backlog += b.size
		}
	}
	in.mu.Lock()
	in.status.Untaken = backlog
	in.mu.Unlock()
	if behind := backlog > backlogLimit; in.behind.Swap(behind) != behind {
		in.window.stir()
	}
}

// trim lets go of the deliveries up to safe.
func (k *keyed) trim(ctx context.Context, safe uint64, d depot) error {
	safe = min(safe, k.needed-1) // owners may be ahead of this reader of the exchange
	n := 0
	for n < len(k.bodies) && k.bodies[n].seq <= safe {
		if ref := k.bodies[n].ref; ref != "" {
			if err := d.Drop(ref); err != nil {
				return err
			}
		}
		n++
	}
	if n == 0 {
		return nil
	}
	k.bodies = slices.Delete(k.bodies, 0, n)
	if err := k.exchange.Purge(ctx, jetstream.WithPurgeSequence(safe+1)); err != nil {
		return fmt.Errorf("trim exchange: %w", err)
	}
	return nil
}

// deliver gathers a delivery: its part, if it is a batch's, and the fact that it is on its way to its owners.
func (in *Initializer) deliver(d *delivered) error {
	k := in.keyed
	k.seen = d.seq
	k.bodies = append(k.bodies, sentBody{d.seq, d.size(), d.Ref})
	in.weigh()
	if d.End {
		return nil
	}
	in.cross(d.Stage, d.size())
	switch {
	case d.Stage > 0:
		if d.Stage == k.ended { // else it is late: it was counted
			k.handed.add(d.Part.Batch)
		}
		return nil
	case k.stages[0].OnUpdate():
		return in.gatherPart(d.Part, d.body[:d.Inline], arrival{seq: d.seq, segments: d.Segments})
	}
	return in.gatherPart(d.Part, d.body[:d.Inline], arrival{seq: d.seq})
}

// endStages tells the owners that nothing more comes for a stage, when that is so. What they do then comes as deliveries to the
// next stage, or as runs.
func (in *Initializer) endStages(ctx context.Context) error {
	k := in.keyed
	if k == nil || k.stages[0].OnUpdate() || k.ended == len(k.stages) {
		return nil
	}
	switch {
	case k.ended == 0 && in.gather.finished():
	case k.ended > 0 && slices.Equal(k.handed[0], []span{{0, int64(k.partitions)}}):
		k.handed = applied{}
	default:
		return nil
	}
	message, err := encode(Delivery{Stage: k.ended, End: true}, nil)
	if err != nil {
		return err
	}
	if _, err := in.js.Publish(ctx, exchangeSubject, message); err != nil {
		return fmt.Errorf("end stage %s: %w", k.stages[k.ended].Name(), err)
	}
	k.ended++
	return nil
}

// output gathers what owners made.
func (in *Initializer) output(msg jetstream.Msg) error {
	var out Output
	body, err := decode(msg.Data(), &out)
	if err != nil {
		return fmt.Errorf("gather output: %w", err)
	}
	if out.Failure != "" {
		return &BatchError{Worker: out.Worker, Cause: out.Failure}
	}
	if in.has(out) {
		return msg.Ack()
	}
	if out.Ref != "" {
		if body, err = in.depot.Get(out.Ref); err != nil {
			return err
		}
	}
	in.cross(len(in.keyed.stages), int64(len(body)))
	updates := map[int][]byte{}
	for i, partition := range out.Partitions {
		if partition < 0 || partition >= in.keyed.partitions || out.Sizes[i] > int64(len(body)) {
			return fmt.Errorf("gather output: %w", errTorn)
		}
		own := body[:out.Sizes[i]]
		body = body[out.Sizes[i]:]
		if out.Batch != nil {
			updates[partition] = slices.Clone(own)
		} else if in.keyed.runs[partition] == nil {
			in.keyed.runs[partition] = append([]byte{}, own...)
			in.keyed.missing--
		}
	}
	owed := receipt{msg, out.Ref}
	switch {
	case out.Batch != nil:
		if err := in.gather.update(*out.Batch, updates, owed); err != nil {
			return err
		}
	case !in.lasts(): // else the log keeps the runs to the end: they are the results
		if err := owed.settle(in.depot); err != nil {
			return err
		}
	}
	return in.advance()
}

// has reports whether everything in an output has come before, maybe with this very message: then its body is gone.
func (in *Initializer) has(out Output) bool {
	for _, partition := range out.Partitions {
		switch {
		case partition < 0 || partition >= in.keyed.partitions:
			return false
		case out.Batch != nil && !in.gather.has(*out.Batch, partition), out.Batch == nil && in.keyed.runs[partition] == nil:
			return false
		}
	}
	return true
}
