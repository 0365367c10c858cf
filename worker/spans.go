package worker

import (
	"slices"
	"sync"
	"time"

	"flashmob/latency"
	"flashmob/manifest"
)

// spans knows since when batches are out, and how long those took that are done. Safe for concurrent use.
type spans struct {
	mu      sync.Mutex
	out     map[Place]time.Time
	whole   StageMetrics
	slowest []Slow
}

// Slow is a batch that took its slot long.
type Slow struct {
	Input   int           `json:"input"`
	Offset  int64         `json:"offset"`
	Length  int64         `json:"length"`
	Records int64         `json:"records"`
	Worker  string        `json:"worker"`
	Took    time.Duration `json:"took"`
}

// slowestKept is how many of the slowest batches are kept.
const slowestKept = 10

func newSpans() *spans {
	return &spans{out: map[Place]time.Time{}, whole: StageMetrics{Name: StageWhole, Latency: latency.New()}}
}

// left notes that a batch was handed out.
func (s *spans) left(b Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out[b.from()] = time.Now()
}

// processed notes how long a slot took for a part.
func (s *spans) processed(part Part) {
	if part.Batch.Kind != manifest.Records {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := slices.BinarySearchFunc(s.slowest, part.Took, func(other Slow, took time.Duration) int { return int(min(max(took-other.Took, -1), 1)) })
	if at == slowestKept {
		return
	}
	s.slowest = slices.Insert(s.slowest, at, Slow{
		Input: part.Batch.Input, Offset: part.Batch.Offset, Length: part.Batch.Length, Records: part.Tally.In, Worker: part.Worker, Took: part.Took,
	})
	s.slowest = s.slowest[:min(len(s.slowest), slowestKept)]
}

// written notes that parts are in the results.
func (s *spans) written(parts []manifest.Part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, part := range parts {
		if part.Kind == manifest.Title || part.Kind == manifest.Join { // nobody was handed one: a batch begins where it stands
			continue
		}
		place := Place{part.Input, part.Offset}
		begun, known := s.out[place]
		if !known || part.Kind != manifest.Records {
			delete(s.out, place)
			continue
		}
		delete(s.out, place)
		took := time.Since(begun)
		s.whole.Latency.Observe(took)
		s.whole.Add(Counts{Batches: 1, Records: part.In, Results: part.Bytes, Rejected: part.Rejected, Busy: took})
	}
}

// oldest returns the batch that is out for longest, and since when.
func (s *spans) oldest() (place Place, since time.Time, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, begun := range s.out {
		if !any || begun.Before(since) {
			place, since, any = at, begun, true
		}
	}
	return place, since, any
}

// metrics returns how long batches took as a whole.
func (s *spans) metrics() StageMetrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := s.whole
	whole.Latency = latency.New()
	whole.Latency.Add(s.whole.Latency)
	return whole
}

// slow returns the slowest batches, the slowest first.
func (s *spans) slow() []Slow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.slowest)
}
