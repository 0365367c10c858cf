package exec

import (
	"errors"
	"time"

	"flashmob/flow"
	"flashmob/internal/pages"
)

const (
	// readBlock is how much of a program's output is read at once.
	readBlock = 256 << 10
	// readLeast is how much room there must be for it.
	readLeast = 32 << 10
)

// order is something that a process is to answer: a header, or a batch.
type order struct {
	isHeader bool
	want     int64 // records, in lines
	got      int64
	size     int // bytes that are written for it
	output   []byte
	limit    time.Duration // how long it may take; 0 for ever
	failure  *flow.Failure
	begun    time.Time // when it became the first of those that are not answered
	took     time.Duration
	err      error         // valid once done is closed
	done     chan struct{} // closed when it is answered, or will not be
}

// spare returns memory behind the order's output, within these bounds.
func (o *order) spare(least, most int) []byte {
	o.output = pages.Grow(o.output, least)
	rest := o.output[len(o.output):cap(o.output)]
	return rest[:min(len(rest), most)]
}

// add appends text to the order's output, where it may stand already.
func (o *order) add(text []byte) {
	if rest := o.output[len(o.output):cap(o.output)]; len(text) > 0 && len(text) <= len(rest) && &text[0] == &rest[0] {
		o.output = o.output[:len(o.output)+len(text)]
		return
	}
	o.output = append(o.output, text...)
}

// errAgain says that an order was brought down by another one, and is to be given to a new process.
var errAgain = errors.New("brought down by another batch")

// room returns memory for what may come of a bundle: about as much as it is itself.
func room(in flow.Bundle) []byte {
	if cap(in.Room) >= len(in.Records)+readLeast {
		return in.Room[:0]
	}
	return pages.Make(len(in.Records) + len(in.Records)/8 + 2*readLeast)
}
