package worker

import (
	"math"
	"sync"
	"time"
)

const (
	// batchTime is what a batch should take of one slot: long against the cost of handing it out, short against the wait
	// for the last one.
	batchTime = 250 * time.Millisecond
	// maxBatch is the largest batch, in bytes, however fast a slot is: beyond it handing out costs next to nothing
	// already, while the parts outgrow the caches (8 MiB cost 3 % more time than 2 MiB here, and 40 MB more memory).
	maxBatch = 2 << 20
	// combinedBatch is the largest where records are combined by key inside a batch: the longer it is, the more meet.
	combinedBatch = 8 << 20
	// remoteBatch is the largest of an input that every worker reads over the network.
	remoteBatch = 8 << 20
	// operatorBatch is the largest for an operator: what a program does with it, and gives, is in memory at once.
	operatorBatch = 8 << 20
	// longBatch is the largest for one that lives for many batches: several are in memory at once, here and in the program, and
	// should stay in the caches and not make the kernel look for memory (1 MiB takes two thirds to four fifths of the time of 8 here).
	longBatch = 1 << 20
	// startedBatch is the largest for one that is started anew for every batch, where a batch travels as a reference.
	startedBatch = 64 << 20
	// startShare is what starting an operator may take of the time: one part in so many.
	startShare = 20
	// firstBatch is the size of the first batches, when nothing is known yet: a few records, for each may take a second. Batches
	// of quick ones are large after three steps.
	firstBatch = 4 << 10
	// firstCostly is the same where each costs more: a request, the start of an operator, or what makes one answer that keeps
	// answers back.
	firstCostly = 64 << 10
	// leastBatch is the smallest that is handed out of an input so small that not all slots would get some of it otherwise.
	leastBatch = 256
	// growth is how much larger a batch may be than what was measured so far.
	growth = 8
)

// sizer decides how large the next batch should be. Its unit is whatever the input is measured in: bytes, or rows.
// Safe for concurrent use.
type sizer struct {
	mu      sync.Mutex
	rate    float64       // units a second of one slot
	start   time.Duration // what an operator takes to start, for every batch
	largest int64         // seen so far
	fixed   fixed         // what an operator takes for every batch when it has started

	remaining int64 // when the size of a batch was asked for last
	last      int64 // how large the last batches are; 0 before them
}

// observe takes in that one slot took so long for a batch, and, where it had to, to start its operator before.
func (s *sizer) observe(units int64, took, start time.Duration) {
	if units <= 0 || took <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if start > 0 {
		own := s.fixed.observe(units, took)
		took, start = max(took-own, took/50), start+own
	}
	rate := float64(units) / took.Seconds()
	if s.rate == 0 {
		s.rate = rate
	}
	s.rate += (rate - s.rate) / 4
	s.start = start
	s.largest = max(s.largest, units)
}

// firstStarted is the size of the first batches where each costs a start: large enough that what they take tells the start
// from the work, small against a slot's share of what remains.
func (s *sizer) firstStarted(remaining int64, slots int) int64 {
	return min(max(remaining/int64(16*max(slots, 1)), firstCostly), 1<<20)
}

// share returns how large a batch is when an input of size bytes (-1 if nobody knows) makes so many, all worth handing out.
func share(size int64, batches int) int64 {
	if size < 0 {
		return math.MaxInt64
	}
	even := size / int64(batches)
	return max(even+even/32, leastBatch)
}

// knows reports whether anything has been observed.
func (s *sizer) knows() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rate > 0
}

// next returns the size of the next batch: first when nothing is known, at most limit. Towards the end of an input,
// of which remaining is left (or -1), batches shrink, so that no slot runs long after the others.
func (s *sizer) next(first, limit, remaining int64, slots int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rate == 0 {
		return first
	}
	aim := max(batchTime, startShare*s.start).Seconds()
	size := min(int64(s.rate*aim), limit)
	if most := int64(growth) * s.largest; s.start < batchTime/startShare {
		size = min(size, most)
	} else {
		size = min(size, growth*growth*most) // small steps cost a start each
	}
	if remaining >= 0 {
		share := remaining / int64(2*max(slots, 1))
		least := int64(s.rate * batchTime.Seconds() / 25) // below that, handing out costs more than waiting
		if s.start > 0 {
			return s.nextStarted(size, remaining, int64(max(slots, 1)))
		}
		size = min(size, max(share, least))
	}
	return max(size, 1)
}

// nextStarted is next where every batch costs a start: the last ones do not shrink, but are equal, one for every slot. The
// caller holds the lock.
func (s *sizer) nextStarted(size, remaining, slots int64) int64 {
	if remaining >= s.remaining { // of another input
		s.last = 0
	}
	if s.remaining = remaining; s.last == 0 && remaining <= size*slots {
		even := remaining / slots
		s.last = even + min(even/32, firstCostly) // records do not end just there, and a few must not be left over
	}
	if s.last > 0 {
		size = min(size, s.last)
	}
	return max(size, 1)
}

// pace knows how long batches take, and so how many of them to hold for a slot. Safe for concurrent use.
type pace struct {
	mu   sync.Mutex
	took time.Duration // of a batch, lately
}

const (
	// aheadTime is how much work may wait for a slot: more than it takes to fetch the next batches.
	aheadTime = 30 * time.Millisecond
	// aheadMost is how many batches may wait for a slot.
	aheadMost = 32
)

// observe takes in that a batch took so long.
func (p *pace) observe(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.took == 0 {
		p.took = took
	}
	p.took += (took - p.took) / 4
}

// hold returns how many batches to hold for one slot, the one that it works on included: two, and more when they are
// small.
func (p *pace) hold() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.took <= 0 {
		return 2
	}
	return 2 + min(int(aheadTime/p.took), aheadMost)
}
