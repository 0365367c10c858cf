package worker

import (
	"flashmob/manifest"
)

// Delivery heads a message of the exchange: what a batch has for the partitions of a keyed stage. The exchange is one
// subject, so everybody who reads it (owners and gatherer) sees the same deliveries in the same order, and drops the
// same ones. Its body is the body of the part followed by the segments, unless those wait in the depot.
type Delivery struct {
	Stage    int     `json:"stage,omitempty"`
	Part     Part    `json:"part"`               // of stage 0: the batch's accounts; later: the partition that it comes from
	Segments []int64 `json:"segments,omitempty"` // bytes for partition 0, 1, …; none where there is nothing for any
	Inline   int     `json:"inline,omitempty"`   // bytes of the body that are the part's
	Ref      string  `json:"ref,omitempty"`      // where the segments lie in the depot
	End      bool    `json:"end,omitempty"`      // it is no delivery: nothing more comes for the stage
}

// size returns how many bytes the segments have.
func (d Delivery) size() (n int64) {
	for _, s := range d.Segments {
		n += s
	}
	return n
}

// partitionBatch is the name of what a partition of one stage hands on to the next. It covers one of the partitions, as a
// batch covers a range of an input.
func partitionBatch(partition int) Batch {
	return Batch{Kind: manifest.Records, Offset: int64(partition), Length: 1}
}

// Output heads a message from an owner to the gatherer: what partitions made of a batch, or, at the end of input, of all
// that they were sent. Its body is theirs, one after the other, unless it waits in the depot.
type Output struct {
	Worker     string  `json:"worker"`
	Batch      *Batch  `json:"batch,omitempty"` // that the partitions were updated with; nil at the end of input
	Partitions []int   `json:"partitions"`
	Sizes      []int64 `json:"sizes"` // bytes of each
	Ref        string  `json:"ref,omitempty"`
	Failure    string  `json:"failure,omitempty"` // why the partitions cannot go on, here or with another owner
}

// Progress is how far a worker is with the exchange, for all partitions that it owns.
type Progress struct {
	Worker  string `json:"worker"`
	Epoch   int    `json:"epoch"`   // of the deal that it goes by
	Applied uint64 `json:"applied"` // everything up to here
	Safe    uint64 `json:"safe"`    // everything up to here, in a snapshot that another owner could begin with
}

// Place is a position in the inputs of a run.
type Place struct {
	Input  int   `json:"input"`
	Offset int64 `json:"offset"`
}

// front is the place before all inputs.
var front = Place{Input: -1}

// follows returns the place that the batch begins at: where the batch before it ends.
func (b Batch) follows() Place {
	if b.After != nil {
		return *b.After
	}
	return b.from()
}

// from returns the place that the batch begins at.
func (b Batch) from() Place { return Place{b.Input, b.Offset} }

// past returns the place just past the batch.
func (b Batch) past() Place { return Place{b.Input, b.end()} }
