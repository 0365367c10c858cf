package worker

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// send publishes what partitions made, and returns when the log has all of it: the outputs of a batch together, the run
// of a partition and what it hands on to the next stage by itself.
func (o *owner) send(ctx context.Context, yields []yield) error {
	var sending errgroup.Group
	sending.SetLimit(groupMost)
	for len(yields) > 0 {
		y := yields[0]
		together := []yield{y}
		if y.batch != nil {
			same := func(z yield) bool {
				return z.batch != nil && z.batch.from() == y.batch.from() && z.batch.Length == y.batch.Length
			}
			together = nil
			for _, z := range yields {
				if same(z) {
					together = append(together, z)
				}
			}
			yields = slices.DeleteFunc(yields, same)
		} else {
			yields = yields[1:]
		}
		sending.Go(func() error {
			if y.entries != nil {
				return o.forward(ctx, y)
			}
			return o.output(ctx, together)
		})
	}
	return sending.Wait()
}

// output sends the gatherer what partitions made of the same batch, or at the end.
func (o *owner) output(ctx context.Context, yields []yield) error {
	head := Output{Worker: o.Name, Batch: yields[0].batch}
	body := o.depot.Buffer()
	for _, y := range yields {
		head.Partitions, head.Sizes = append(head.Partitions, y.partition), append(head.Sizes, int64(len(y.body)))
		body = append(body, y.body...)
	}
	if len(body) > inlineLimit {
		ref, err := o.depot.Put(body)
		if err != nil {
			return err
		}
		head.Ref, body = ref, nil
	}
	message, err := encode(head, body)
	if err != nil {
		return err
	}
	return o.publish(ctx, partSubject, message)
}

// forward sends the owners of the next stage what a partition has for them.
func (o *owner) forward(ctx context.Context, y yield) error {
	d := Delivery{Stage: y.stage, Part: Part{Batch: partitionBatch(y.partition), Worker: o.Name}, Segments: make([]int64, len(y.entries))}
	entries := o.depot.Buffer()
	for i, own := range y.entries {
		d.Segments[i] = int64(len(own))
		entries = append(entries, own...)
	}
	return o.deliver(ctx, d, nil, entries)
}

// deliver publishes a delivery; part is the body of its part, entries are its segments in one piece.
func (w *worker) deliver(ctx context.Context, d Delivery, part, entries []byte) error {
	if len(entries) > inlineLimit {
		ref, err := w.depot.Put(entries)
		if err != nil {
			return err
		}
		d.Ref, entries = ref, nil
	}
	d.Inline = len(part)
	message, err := encode(d, slices.Concat(part, entries))
	if err != nil {
		return err
	}
	return w.publish(ctx, exchangeSubject, message)
}
