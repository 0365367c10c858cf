package worker

import "time"

// What whoever simulates a run has to know of one, beside AckWait.
const (
	// MaxBatch is the size of batches in bytes, at most.
	MaxBatch = maxBatch
	// BatchTime is what a batch should take of one slot; StartShare what starting an operator may take of it, one part in so many.
	BatchTime, StartShare = batchTime, startShare
	// Silence is how long a worker may go without a sign of life before it counts as lost.
	Silence = silence
	// HurryEvery is how often the initializer looks whether somebody is idle while others hold batches.
	HurryEvery = hurryEvery
)

// FirstBatch is the size of the batches of an input of size bytes before anything is timed, in bytes: records that the workers
// process themselves, of a file.
func FirstBatch(size int64, slots int) int64 { return min(firstBatch, share(size, usualLanes*slots)) }

// Sizing is how a run sizes its batches, and how many of them it lets out: the code that runs use, for whoever simulates one.
type Sizing struct {
	sizer sizer
	pace  pace
}

// Observe takes in that a slot took so long for a batch of so many units.
func (s *Sizing) Observe(units int64, took time.Duration) {
	s.sizer.observe(units, took, 0)
	s.pace.observe(took)
}

// Next is the size of the next batch: first before anything is observed, at most limit, less where little remains for the slots.
func (s *Sizing) Next(first, limit, remaining int64, slots int) int64 {
	return s.sizer.next(first, limit, remaining, slots)
}

// Window is how many batches may be out of the initializer's hands.
func (s *Sizing) Window(slots int) int { return outAtMost(slots, s.pace.hold(), 1) }

// Took is how long a batch takes, of late; 0 before anything is observed.
func (s *Sizing) Took() time.Duration {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	return s.pace.took
}

// Held is how many batches a worker with so many slots holds.
func (s *Sizing) Held(slots int) int { return slots * s.pace.hold() }

// outAtMost is how many batches may be out: enough that every slot has one to work on and one to go on with, few enough that a
// batch is cut by what was measured lately.
func outAtMost(slots, hold, lanes int) int { return slots*(hold+lanes-1) + 2 }
