package worker

import (
	"testing"

	"flashmob/flow"
	"flashmob/manifest"
)

// A title and a line end between two inputs stand where a batch begins, and are none.
func TestEveryBatchThatIsWrittenCounts(t *testing.T) {
	s := newSpans()
	for _, b := range []Batch{{Kind: manifest.Header, Length: 5}, {Kind: manifest.Records, Offset: 5, Length: 10}, {Kind: manifest.Records, Input: 1, Length: 10}} {
		s.left(b)
	}
	part := func(kind string, input int, offset int64, tally flow.Tally) manifest.Part {
		return manifest.Part{Kind: kind, Input: input, Offset: offset, Tally: tally}
	}
	s.written([]manifest.Part{
		part(manifest.Header, 0, 0, flow.Tally{}), part(manifest.Title, 0, 5, flow.Tally{}), part(manifest.Records, 0, 5, flow.Tally{In: 4}),
		part(manifest.Join, 1, 0, flow.Tally{}), part(manifest.Records, 1, 0, flow.Tally{In: 3}),
	})
	if whole := s.metrics(); whole.Batches != 2 || whole.Records != 7 || len(s.out) > 0 {
		t.Errorf("%d batches of %d records are written, and %d are out", whole.Batches, whole.Records, len(s.out))
	}
}
