package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

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

// feed sends out the batches that are left and tells fed what the gatherer must know.
func (in *Initializer) feed(ctx context.Context, fed chan<- feedEvent) error {
	f := &feeder{
		run: in.Folder.Run, flow: in.flow, done: in.Folder.Parts, batchRows: in.BatchRows, sizer: &in.sizer, slots: in.slots,
		uplink: in.Uplink, drain: in.drain, log: in.Log, send: in.send,
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

// slots returns how many slots there are, as far as known.
func (in *Initializer) slots() int { return max(in.crew.slots(), in.Slots, 1) }

// send hands a batch to the log once there is room in the window.
func (in *Initializer) send(ctx context.Context, b Batch, body []byte) error {
	if err := in.window.enter(ctx, in.drain, in.limit); err != nil {
		return err
	}
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
	if in.sent, err = in.js.PublishAsync(batchSubject, message); err != nil {
		return fmt.Errorf("hand out batch at %d: %w", b.Offset, err)
	}
	return nil
}

// acked waits until the log has the batch that was sent last. While it takes that one in, the next is being cut.
func (in *Initializer) acked(ctx context.Context) error {
	select {
	case <-in.sent.Ok():
		return nil
	case err := <-in.sent.Err():
		return fmt.Errorf("hand out batch: %w", err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// limit returns how many batches may be out: enough that every slot has one to work on and one to go on with, few
// enough that a batch is cut by what was measured lately.
func (in *Initializer) limit() int {
	if in.depot.Held() > heldLimit {
		return 1
	}
	return in.slots()*in.pace.hold() + 2
}

// arrive passes on the messages of the stream of parts until the iterator is stopped.
func (in *Initializer) arrive(ctx context.Context, messages jetstream.MessagesContext, arrived chan<- jetstream.Msg) error {
	for {
		msg, err := messages.Next()
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return nil
		}
		if errors.Is(err, nats.ErrConnectionClosed) {
			return fmt.Errorf("pull parts: %w", err)
		}
		if err != nil {
			in.Log.Debug("pull parts", "err", err)
			continue
		}
		select {
		case arrived <- msg:
		case <-ctx.Done():
			return nil
		}
	}
}

// collect gathers parts until all is gathered, or all that was handed out by a feeder that stopped early.
func (in *Initializer) collect(ctx context.Context, arrived <-chan jetstream.Msg, fed <-chan feedEvent) error {
	done := false
	for {
		if done && (in.gather.finished() || in.window.empty()) {
			if !in.gather.finished() {
				return nil
			}
			if err := in.gather.seal(); err != nil {
				return err
			}
			in.announce()
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case event := <-fed:
			if event.done {
				done = true
			} else {
				in.gather.ends[event.input] = event.end
			}
			if err := in.advance(); err != nil {
				return err
			}
		case msg := <-arrived:
			if err := in.take(msg); err != nil {
				return err
			}
		}
	}
}

// take gathers one part.
func (in *Initializer) take(msg jetstream.Msg) error {
	var part Part
	body, err := decode(msg.Data(), &part)
	if err != nil {
		return fmt.Errorf("gather part: %w", err)
	}
	if part.Failure != "" && !in.gather.covered(part.Batch) { // a late one may have found its bytes gone
		return &BatchError{Worker: part.Worker, Cause: part.Failure}
	}
	first, err := in.gather.accept(part, body)
	if err != nil {
		return err
	}
	if err := in.advance(); err != nil {
		return err
	}
	if first {
		if part.Batch.typical() {
			in.sizer.observe(part.Batch.Length, part.Took)
			in.pace.observe(part.Took)
		}
		in.window.leave(1)
	}
	in.note(part, first)
	return msg.Ack()
}

// advance appends the parts whose turn it is.
func (in *Initializer) advance() error {
	before := len(in.Folder.Parts)
	err := in.gather.advance(in.begin)
	if len(in.Folder.Parts) > before {
		in.announce()
	}
	return err
}

// announce lets others see the parts that are in the folder.
func (in *Initializer) announce() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.parts = in.Folder.Parts
	close(in.moved)
	in.moved = make(chan struct{})
}

// gathered returns the parts that are in the folder, and a channel that is closed when there are more.
func (in *Initializer) gathered() (parts []manifest.Part, moved <-chan struct{}) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.parts, in.moved
}

// BatchError says that a worker could not process a batch, for a reason that no other worker or time would change.
type BatchError struct {
	Worker string
	Cause  string
}

func (e *BatchError) Error() string { return e.Worker + ": " + e.Cause }
