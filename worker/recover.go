package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"flashmob/manifest"
)

// An initializer that takes the place of one that crashed goes on with what that one left on its disk: the result folder and
// the log (doc.go says what of a run lies where). Nothing of it is a record of its own of how far the feeder was: batches
// are handed out in the order of the input, one after the other, and each stands in the log or in the folder until the end.
// So the feeder goes on just past the last of them.

// logFolder is where the log lies in the folder's work.
const logFolder = "log"

// lasts reports whether the log outlives this process.
func (in *Initializer) lasts() bool { return in.TLS != nil }

func (in *Initializer) storage() jetstream.StorageType {
	if in.lasts() {
		return jetstream.FileStorage
	}
	return jetstream.MemoryStorage
}

// head is what the feeder has learned from the first record of the inputs, and cannot read again in the middle.
type head struct {
	Header []byte `json:"header"`
	Raw    []byte `json:"raw"` // the header with its line end
	Fields int    `json:"fields"`
}

// left is what an initializer that crashed has left of its feeding.
type left struct {
	head
	from Place           // where to go on
	ends map[int]int64   // how far the inputs before that were read: to their ends
	done []manifest.Part // of sittings before, which may lie behind that, too: where results have no order
}

// findSpec returns the spec that is in the log already, and whether there is one.
func (in *Initializer) findSpec(ctx context.Context) (spec Spec, found bool, err error) {
	entry, err := in.bucket.Get(ctx, specKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return spec, false, nil
	}
	if err == nil {
		err = json.Unmarshal(entry.Value(), &spec)
	}
	if err != nil {
		return spec, false, fmt.Errorf("find spec: %w", err)
	}
	return spec, true, nil
}

// pickUp finds out how far the initializer was that had the log before. It leaves nothing changed where that one had not
// begun to feed.
func (in *Initializer) pickUp(ctx context.Context) error {
	handed, err := in.handedOut(ctx)
	if err != nil {
		return err
	}
	entry, err := in.bucket.Get(ctx, headKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil
	}
	l := &left{from: front, ends: map[int]int64{}}
	if err == nil {
		err = json.Unmarshal(entry.Value(), &l.head)
	}
	if err != nil {
		return fmt.Errorf("find head of input: %w", err)
	}
	known := applied{}
	note := func(b Batch, here bool) {
		if past := b.past(); here && (past.Input > l.from.Input || past.Input == l.from.Input && past.Offset > l.from.Offset) {
			l.from = past
		}
		l.ends[b.Input] = max(l.ends[b.Input], b.end())
		if known.add(b) {
			in.window.out++
		}
	}
	here := 0 // the first part that is of this sitting, or in front of where it is
	if in.Folder.Run.Unordered() {
		here = in.Folder.Elsewhere
		l.done = covering(in.Folder.Parts[:here])
	}
	for i, part := range in.Folder.Parts {
		if part.Length > 0 {
			note(Batch{Input: part.Input, Offset: part.Offset, Length: part.Length}, i >= here)
		}
	}
	in.window.out = 0 // those are back, or were never here
	// A batch that is acked while this goes on has its part in a stream that is looked at later.
	err = in.remaining(ctx, batchStream, batchSubject, func(message []byte) error {
		var b Batch
		_, err := decode(message, &b)
		note(b, true)
		return err
	})
	if err == nil && in.keyed == nil {
		err = in.remaining(ctx, partStream, partSubject, func(message []byte) error {
			var p Part
			_, err := decode(message, &p)
			note(p.Batch, true)
			return err
		})
	} else if err == nil {
		err = in.remaining(ctx, exchangeStream, exchangeSubject, func(message []byte) error {
			var d Delivery
			_, err := decode(message, &d)
			if !d.End && d.Stage == 0 {
				note(d.Part.Batch, true)
			}
			return err
		})
	}
	if err == nil {
		err = in.knowsAll(handed)
	}
	if err != nil || l.from == front {
		return err
	}
	in.left, in.place, in.last = l, l.from, handed
	in.Log.Info("going on where the run was", "input", in.Folder.Run.Inputs[l.from.Input].URI, "offset", l.from.Offset, "out", in.window.out)
	return nil
}

// remaining calls f with every message that a stream still has.
func (in *Initializer) remaining(ctx context.Context, name, subject string, f func(message []byte) error) error {
	stream, err := in.js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("look into stream %s: %w", name, err)
	}
	state := stream.CachedInfo().State
	for seq := max(state.FirstSeq, 1); seq <= state.LastSeq; {
		msg, err := stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err == nil {
			err = f(msg.Data)
		}
		if err != nil {
			return fmt.Errorf("look into stream %s: %w", name, err)
		}
		seq = msg.Sequence + 1
	}
	return nil
}

// learned keeps what the feeder cannot learn again in the middle of an input.
func (in *Initializer) learned(ctx context.Context, h head) error {
	if !in.lasts() || in.kept != nil && in.kept.Fields == h.Fields && bytes.Equal(in.kept.Header, h.Header) {
		return nil
	}
	in.kept = &h
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("keep head of input: %w", err)
	}
	if _, err := in.bucket.Put(ctx, headKey, text); err != nil {
		return fmt.Errorf("keep head of input: %w", err)
	}
	return nil
}

// recall takes up the deal that is in the log: its workers are believed to be there until their silence tells.
func (in *Initializer) recall(ctx context.Context) error {
	k := in.keyed
	if k == nil {
		return nil
	}
	entry, err := in.bucket.Get(ctx, dealKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil
	}
	if err == nil {
		k.written = entry.Revision()
		err = json.Unmarshal(entry.Value(), &k.deal)
	}
	if err != nil {
		return fmt.Errorf("find deal: %w", err)
	}
	for _, owner := range k.deal.Owners {
		if !slices.Contains(k.crew, owner) {
			k.crew = append(k.crew, owner)
			k.deal.taken(owner)
		}
	}
	in.crew.expect(k.crew)
	return nil
}

// expect counts workers as present until they have been silent for too long.
func (c *crew) expect(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		c.of(name).Slots = 1
	}
}

// covering returns the parts that are batches': a join or a title in front of them says nothing of what is done.
func covering(parts []manifest.Part) []manifest.Part {
	return slices.DeleteFunc(slices.Clone(parts), func(p manifest.Part) bool { return p.Length == 0 })
}

// mergedIn returns how many parts of the results the folder has that were merged from all input together.
func mergedIn(parts []manifest.Part) (n int) {
	for n < len(parts) && parts[len(parts)-1-n].Kind == manifest.Merged {
		n++
	}
	return n
}
