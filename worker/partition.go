package worker

import (
	"fmt"

	"flashmob/flow"
)

// partition is the state of one partition, of every keyed stage, and which deliveries are in it: it is a fold over the
// exchange, so whoever has read as much of the exchange has the same. Not for concurrent use.
type partition struct {
	number int
	of     int // partitions in all
	stages []keyedStage
	at     uint64 // the delivery that it has seen last

	// Stages that emit on update take deliveries in the order of the input: those that came early are held.
	next Place
	held map[Place]*delivered

	record snapshotRecord // of its last snapshot
	since  int64          // bytes applied since then
}

// keyedStage is one stage of a partition.
type keyedStage struct {
	keyed   *flow.Keyed
	state   *flow.State
	applied applied
}

// newPartition returns a partition that has seen nothing.
func newPartition(number, partitions int, keyed []*flow.Keyed) *partition {
	p := &partition{number: number, of: partitions, next: front, held: map[Place]*delivered{}}
	for _, k := range keyed {
		p.stages = append(p.stages, keyedStage{keyed: k, state: k.NewState(number, partitions), applied: applied{}})
	}
	return p
}

// yield is what a partition made of a delivery.
type yield struct {
	partition int
	batch     *Batch // that it was updated with; nil at the end of a stage
	body      []byte // outputs of the batch, or at the end of the last stage the run
	stage     int    // at the end of another stage: that the entries are for
	entries   [][]byte
}

// take applies a delivery, if it is new, and passes on what comes of it.
func (p *partition) take(d *delivered, pass func(yield)) error {
	if d.seq <= p.at {
		return nil
	}
	p.at = d.seq
	switch s := p.stages[d.Stage]; {
	case d.End:
		return p.end(d.Stage, pass)
	case s.keyed.OnUpdate():
		return p.update(d, pass)
	case s.applied.add(d.Part.Batch) || brokenApplied:
		_, err := p.apply(d, nil)
		return err
	}
	return nil
}

// wants reports whether a delivery is news for the partition. What is none must not be loaded: where the same one came
// before, its segments may be gone.
func (p *partition) wants(d *delivered) bool {
	if d.seq <= p.at || d.End {
		return false
	}
	s := p.stages[d.Stage]
	_, there := s.applied.find(d.Part.Batch)
	return brokenApplied || !there && !(s.keyed.OnUpdate() && p.past(d.Part.Batch))
}

// past reports whether the batch has had its turn.
func (p *partition) past(b Batch) bool {
	at := b.past()
	return at.Input < p.next.Input || at.Input == p.next.Input && b.Offset < p.next.Offset
}

// update holds a delivery until its turn, and applies all whose turn it is.
func (p *partition) update(d *delivered, pass func(yield)) error {
	b, stage := d.Part.Batch, &p.stages[d.Stage]
	if p.past(b) || !stage.applied.add(b) {
		return nil
	}
	p.held[b.follows()] = d
	for d := p.held[p.next]; d != nil; d = p.held[p.next] {
		delete(p.held, p.next)
		p.next = d.Part.Batch.past()
		out, err := p.apply(d, nil)
		if err != nil {
			return err
		}
		if len(d.segment(p.number)) > 0 {
			pass(yield{partition: p.number, batch: &d.Part.Batch, body: out})
		}
	}
	return nil
}

// apply folds a delivery's segment into its stage's state.
func (p *partition) apply(d *delivered, out []byte) ([]byte, error) {
	segment := d.segment(p.number)
	if len(segment) == 0 {
		return out, nil
	}
	p.since += int64(len(segment))
	s := p.stages[d.Stage]
	out, err := s.state.Apply(segment, out)
	if err != nil {
		return nil, fmt.Errorf("%s partition %d: %w", s.keyed.Name(), p.number, err)
	}
	return out, nil
}

// end passes on what a stage has come to.
func (p *partition) end(stage int, pass func(yield)) error {
	state := p.stages[stage].state
	if stage == len(p.stages)-1 {
		pass(yield{partition: p.number, body: state.Run(nil)})
		return nil
	}
	next := p.stages[stage+1].keyed
	entries, err := state.Forward(next, p.of, make([][]byte, p.of))
	if err != nil {
		return fmt.Errorf("%s partition %d: %w", p.stages[stage].keyed.Name(), p.number, err)
	}
	pass(yield{partition: p.number, stage: stage + 1, entries: entries})
	return nil
}

// settled returns the last delivery that a new owner need not see, given the partition's state as it is now.
func (p *partition) settled() uint64 {
	at := p.at
	for _, d := range p.held {
		at = min(at, d.seq-1)
	}
	return at
}
