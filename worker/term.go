package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Where the log has replicas, any of their hosts may be the run's initializer, and one that does not know yet that another is
// may be at it still: it was cut off, or stopped for a while. Nothing that it does then counts. Batches are handed out behind
// the last one that is known, or not at all; partitions are dealt behind the last deal, or not at all; and before the end of
// the run is told, the term is renewed. Whoever does not succeed in that begins anew, if it leads then, with what the log has.

// term is one host's time as the run's initializer.
type term struct {
	Number   int    `json:"number"`
	Host     string `json:"host"`
	revision uint64
}

// begins enters a new term into the log.
func (in *Initializer) begins(ctx context.Context) error {
	if in.replica == nil {
		return nil
	}
	entry, err := in.bucket.Get(ctx, termKey)
	if err == nil {
		in.term.revision = entry.Revision()
		err = json.Unmarshal(entry.Value(), &in.term)
	}
	if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return fmt.Errorf("begin term: %w", err)
	}
	in.term.Number, in.term.Host = in.term.Number+1, in.replica.name
	return in.stillLeads(ctx)
}

// stillLeads returns an error if another term has begun.
func (in *Initializer) stillLeads(ctx context.Context) error {
	if in.replica == nil {
		return nil
	}
	text, err := json.Marshal(in.term)
	if err != nil {
		return fmt.Errorf("enter term: %w", err)
	}
	if in.term.revision, err = in.bucket.Update(ctx, termKey, text, in.term.revision); err != nil {
		return fmt.Errorf("enter term: %w", err)
	}
	return nil
}

// behindLast makes the log refuse a batch unless it comes right behind the last one that this initializer knows.
func (in *Initializer) behindLast() []jetstream.PublishOpt {
	if in.replica == nil {
		return nil
	}
	return []jetstream.PublishOpt{jetstream.WithExpectLastSequence(in.last)}
}

// handedOut returns how many batches initializers have handed out in this run, where that can be known: nothing else
// gets into the stream of batches.
func (in *Initializer) handedOut(ctx context.Context) (uint64, error) {
	if in.replica == nil {
		return 0, nil
	}
	stream, err := in.js.Stream(ctx, batchStream)
	if err != nil {
		return 0, fmt.Errorf("look into stream %s: %w", batchStream, err)
	}
	return stream.CachedInfo().State.LastSeq, nil
}

// errBehind says that the log does not show yet all that is in it.
var errBehind = errors.New("the log does not show all batches yet")

// knowsAll returns an error unless all batches that were handed out were found.
func (in *Initializer) knowsAll(handed uint64) error {
	if found := in.window.count(); in.replica != nil && uint64(found) != handed {
		return fmt.Errorf("%w: %d of %d", errBehind, found, handed)
	}
	return nil
}

// errDeposed says that another replica leads.
var errDeposed = errors.New("another replica of the log leads")

// goesOn reports whether an error only ends this term: the run goes on with another.
func (in *Initializer) goesOn(ctx context.Context, err error) bool {
	return in.replica != nil && endsTerm(ctx, err)
}

func endsTerm(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(context.Cause(ctx), errDeposed) || errors.Is(err, errBehind) || errors.Is(err, jetstream.ErrKeyExists) || away(err) {
		return true
	}
	var refused *jetstream.APIError
	return errors.As(err, &refused) && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
