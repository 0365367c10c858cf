package worker

import (
	"context"
	"errors"
	"fmt"

	"flashmob/manifest"
)

// feedEvent is what the feeder has to tell the gatherer: that an input ends at an offset, or that it is done feeding.
type feedEvent struct {
	input int
	end   int64
	done  bool
}

// heldLimit is how many bytes may wait in this process for their turn before no more batches are handed out. It is
// reached only when one batch takes very much longer than the others.
const heldLimit = 96 << 20

// feed sends out the batches that are not done and tells fed what the gatherer must know.
func (in *Initializer) feed(ctx context.Context, done []manifest.Part, fed chan<- feedEvent) error {
	f := &feeder{
		run: in.Folder.Run, flow: in.flow, done: done, batchRows: in.BatchRows, sizer: &in.sizer, slots: in.slots,
		uplink: in.Uplink, drain: in.drain, log: in.Log, send: in.send, left: in.left, learned: in.learned,
	}
	if in.flow.IsStarted() {
		f.room = in.room
	}
	tell := func(e feedEvent) error {
		select {
		case fed <- e:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	f.ended = func(input int, end int64) error { return tell(feedEvent{input: input, end: end}) }
	if err := f.feed(ctx); err != nil && !errors.Is(err, errDrain) {
		return err
	}
	if in.sent != nil {
		if err := in.acked(ctx); err != nil {
			return err
		}
	}
	return tell(feedEvent{done: true})
}

// room waits until there is room in the window for one more batch.
func (in *Initializer) room(ctx context.Context) error {
	if err := in.window.enter(ctx, in.drain, in.limit); err != nil {
		return err
	}
	in.window.leave(1) // nobody else enters
	return nil
}

// slots returns how many slots there are, as far as known. Until something is known of the records too, workers that are still to
// come count: those who are there must not get all of a small input.
func (in *Initializer) slots() int {
	n := max(in.crew.slots(), in.Slots, 1)
	if !in.sizer.knows() {
		n = max(n, in.Slots*in.Hosts)
	}
	return n
}

// send hands a batch to the log once there is room in the window.
func (in *Initializer) send(ctx context.Context, b Batch, body []byte) error {
	drain := in.drain
	if in.Folder.Run.Inputs[b.Input].Listens() {
		drain = nil // what was taken in is processed: draining only ends the input
	}
	if err := in.window.enter(ctx, drain, in.limit); err != nil {
		return err
	}
	if b.Input != in.place.Input {
		after := in.place
		b.After = &after
	}
	in.place = b.past()
	b.Inline = body != nil
	if len(body) > inlineLimit {
		ref, err := in.depot.Put(body)
		if err != nil {
			return err
		}
		b.Ref, b.Inline, body = ref, false, nil
	}
	message, err := encode(b, body)
	if err != nil {
		return err
	}
	if in.sent != nil {
		if err := in.acked(ctx); err != nil {
			return err
		}
	}
	in.spans.left(b)
	reach("cut")
	if in.sent, err = in.js.PublishAsync(batchSubject, message, in.behindLast()...); err != nil {
		return fmt.Errorf("hand out batch at %d: %w", b.Offset, err)
	}
	reach("handed")
	return nil
}

// acked waits until the log has the batch that was sent last. While it takes that one in, the next is being cut.
func (in *Initializer) acked(ctx context.Context) error {
	select {
	case ack := <-in.sent.Ok():
		in.last = ack.Sequence
		return nil
	case err := <-in.sent.Err():
		return fmt.Errorf("hand out batch: %w", err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// limit returns how many batches may be out now.
func (in *Initializer) limit() int {
	if in.depot.Held() > heldLimit {
		return 1
	}
	if in.behind.Load() {
		return 0
	}
	if in.flow.IsStarted() && !in.sizer.knows() { // the first batches are small, and each costs a start
		return in.slots()
	}
	return outAtMost(in.slots(), in.pace.hold(), lanesOf(in.flow, in.Folder.Run.Inputs))
}
