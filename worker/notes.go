package worker

import (
	"fmt"
	"slices"
	"time"
)

// reasonsKept is how many different reasons for rejects are told apart: a program may give a new one to every record.
const reasonsKept = 20

// refused counts a reject by its reason.
func (in *Initializer) refused(reason string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.status.Reasons == nil {
		in.status.Reasons = map[string]int64{}
	}
	if _, known := in.status.Reasons[reason]; !known && len(in.status.Reasons) >= reasonsKept {
		reason = ""
	}
	in.status.Reasons[reason]++
}

// noteRetry keeps that a part is of a batch that was handed out more than once, or came when its range was covered.
func (in *Initializer) noteRetry(part Part, first bool) {
	one := Incident{Worker: part.Worker, Input: part.Batch.Input, Offset: part.Batch.Offset, Length: part.Batch.Length}
	if !first {
		one.Kind, one.Reason = IncidentDropped, "its range was covered already: the first part counts"
		in.events.add(one, 1)
	}
	if part.Handed > 1 {
		one.Kind = IncidentRetried
		one.Reason = fmt.Sprintf("whoever had it was slower than others, or gave no sign of life for %v", in.AckWait)
		if worker, at := in.events.lostLately(time.Now().Add(-time.Minute)); worker != "" {
			one.Reason += fmt.Sprintf("; %s was lost at %s", worker, at.Format(time.TimeOnly))
		}
		in.events.add(one, 1)
	}
}

// dealt keeps who owns which partition now, and who of those that are no longer there had some.
func (in *Initializer) dealt(before, now Deal, there []string) {
	in.mu.Lock()
	in.status.Owners = slices.Clone(now.Owners)
	in.mu.Unlock()
	gone := map[string]int{}
	for p, owner := range before.Owners {
		if now.Owners[p] != owner && !slices.Contains(there, owner) {
			gone[owner]++
		}
	}
	for owner, n := range gone {
		in.events.add(Incident{Kind: IncidentTakenOver, Worker: owner, Partitions: n, Reason: owner + " was lost or left"}, int64(n))
	}
}

// waits says what the run waits for.
func (in *Initializer) waits(s Status) string {
	busy := 0
	for _, w := range s.Workers {
		if !w.Lost {
			busy += w.Busy
		}
	}
	last := ""
	if _, since, any := in.spans.oldest(); any {
		last = fmt.Sprintf(", the oldest for %v", time.Since(since).Round(100*time.Millisecond))
	}
	switch {
	case s.Quorum != nil && !s.Quorum.Missing.IsZero():
		return s.Quorum.Waits()
	case s.Slots == 0:
		return "for a worker to join"
	case waitsForProgram(s) != "":
		return waitsForProgram(s)
	case s.Drained || s.Fed:
		if s.Out > 0 {
			return fmt.Sprintf("for %d batches that are out%s; no more are handed out", s.Out, last)
		}
		if s.Untaken > 0 {
			return fmt.Sprintf("for the owners of partitions to take in %d bytes", s.Untaken)
		}
		return "for the results to be put together"
	case in.behind.Load():
		return fmt.Sprintf("for the owners of partitions to take in %d bytes; no batches are handed out until then", s.Untaken)
	case busy < s.Slots && s.Out < s.Slots:
		return fmt.Sprintf("for input: %d of %d slots have nothing to do", s.Slots-busy, s.Slots)
	}
	return fmt.Sprintf("for the slots: %d of %d are at work, %d batches are out%s", busy, s.Slots, s.Out, last)
}
