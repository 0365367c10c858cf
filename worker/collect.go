package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"flashmob/manifest"
)

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

// collect gathers until everything is gathered, or everything that was handed out by a feeder that stopped early.
func (in *Initializer) collect(ctx context.Context, arrived <-chan jetstream.Msg, fed <-chan feedEvent) error {
	take := in.take
	if in.keyed != nil {
		take = in.output
	}
	listening, err := in.keyed.listen(ctx, in.nc, in.js)
	if err != nil {
		return err
	}
	defer listening.stop()
	done := false
	for !done || !in.gather.finished() || !in.keyed.merged() {
		if done && !in.gather.finished() && in.window.empty() && !in.gather.awaits() {
			return nil
		}
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case event := <-fed:
			if event.done {
				done = true
				in.mu.Lock()
				in.status.Fed = true
				in.mu.Unlock()
			} else {
				in.gather.ends[event.input] = event.end
			}
			err = in.advance()
		case msg := <-arrived:
			err = take(msg)
		case d := <-listening.deliveries:
			err = in.deliver(d)
		case msg := <-listening.progress:
			err = in.hear(ctx, msg)
		case <-listening.tick:
			there, stay := in.crew.present()
			err = in.keyed.redeal(ctx, there, stay)
		}
		if err == nil {
			err = in.endStages(ctx)
		}
		if err != nil {
			return err
		}
	}
	reach("gathered all")
	if err := in.merge(ctx); err != nil {
		return err
	}
	in.Folder.Exchange = in.Status().Exchange
	if err := in.gather.seal(); err != nil {
		return err
	}
	in.announce()
	return nil
}

// take gathers the part in a message.
func (in *Initializer) take(msg jetstream.Msg) error {
	var part Part
	body, err := decode(msg.Data(), &part)
	if err != nil {
		return fmt.Errorf("gather part: %w", err)
	}
	return in.gatherPart(part, body, arrival{msg: msg})
}

// gatherPart gathers a part.
func (in *Initializer) gatherPart(part Part, body []byte, came arrival) error {
	reach("gathered")
	if part.Failure != "" && !in.gather.covered(part.Batch) { // a late one may have found its bytes gone
		return &BatchError{Worker: part.Worker, Cause: part.Failure}
	}
	first, err := in.gather.accept(part, body, came)
	if err != nil {
		return err
	}
	if err := in.advance(); err != nil {
		return err
	}
	if first {
		if part.Batch.typical() {
			in.sizer.observe(part.Batch.Length, part.Took, part.Start)
			in.pace.observe(part.Took + part.Start)
		}
		in.window.leave(1)
	}
	in.note(part, first)
	return nil
}

// advance appends the parts whose turn it is.
func (in *Initializer) advance() error {
	before := len(in.Folder.Parts)
	err := in.gather.advance(in.begin)
	if len(in.Folder.Parts) > before {
		in.spans.written(in.Folder.Parts[before:])
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
