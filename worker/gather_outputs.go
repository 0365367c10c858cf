package worker

import (
	"fmt"

	"flashmob/flow"
)

// expect notes which partitions have outputs for a part, and gives it those that came before it.
func (g *gatherer) expect(part heldPart, segments []int64) heldPart {
	for partition, size := range segments {
		if size == 0 {
			continue
		}
		if part.outputs == nil {
			part.outputs = map[int][]byte{}
		}
		part.outputs[partition] = nil
		part.missing++
	}
	early := g.early[part.Batch.from()]
	for partition, output := range early.outputs {
		part.give(partition, output)
	}
	part.receipts = append(part.receipts, early.receipts...)
	delete(g.early, part.Batch.from())
	return part
}

// give takes in a partition's output; the first is as good as any that follows.
func (p *heldPart) give(partition int, output []byte) {
	if there, expected := p.outputs[partition]; expected && there == nil {
		p.outputs[partition] = output
		p.missing--
	}
}

// early is outputs that came before their batch's part.
type early struct {
	outputs  map[int][]byte // by partition
	receipts []receipt
}

// update takes in what partitions made of a batch, and settles for it when it is in the folder.
func (g *gatherer) update(b Batch, outputs map[int][]byte, owed receipt) error {
	held := g.held[b.Input]
	for i := range held {
		if held[i].Batch.Offset == b.Offset {
			for partition, output := range outputs {
				held[i].give(partition, output)
			}
			held[i].receipts = append(held[i].receipts, owed)
			return nil
		}
	}
	if g.covered(b) {
		return g.pay(owed)
	}
	before := g.early[b.from()]
	if before.outputs == nil {
		before.outputs = map[int][]byte{}
	}
	for partition, output := range outputs {
		before.outputs[partition] = output
	}
	before.receipts = append(before.receipts, owed)
	g.early[b.from()] = before
	return nil
}

// has reports whether a partition's output for a batch is there, or of no use any more.
func (g *gatherer) has(b Batch, partition int) bool {
	for _, h := range g.held[b.Input] {
		if h.Batch.Offset == b.Offset {
			output, expected := h.outputs[partition]
			return !expected || output != nil
		}
	}
	return g.covered(b) || g.early[b.from()].outputs[partition] != nil
}

// awaits reports whether a part that has come lacks outputs.
func (g *gatherer) awaits() bool {
	for _, parts := range g.held {
		for _, p := range parts {
			if p.missing > 0 {
				return true
			}
		}
	}
	return false
}

// merge makes the part's results of the partitions' outputs, in the order of the input.
func (g *gatherer) merge(part *heldPart) error {
	if part.outputs == nil {
		return nil
	}
	outputs := make([][]byte, 0, len(part.outputs))
	for _, output := range part.outputs {
		outputs = append(outputs, output)
	}
	g.packer.begin(nil)
	err := flow.MergeUpdates(outputs, func(line []byte) error {
		part.Tally.Emitted++
		if g.tell != nil {
			part.lines = append(part.lines, line...)
		}
		return g.packer.write(line)
	})
	if err != nil {
		return fmt.Errorf("merge outputs at %d: %w", part.Batch.Offset, err)
	}
	part.Open = g.packer.open()
	part.results, part.SHA256, err = g.packer.end()
	part.Results = int64(len(part.results))
	return err
}
