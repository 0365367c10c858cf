package worker

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"flashmob/flow"
)

// halving puts the records of a batch through the operator. A stretch that the operator fails on is halved, until the
// record is found that it fails on by itself: that one goes to the rejects. The part stays a function of the batch, as far as
// the operator is one of its records.
type halving struct {
	*slot
	part    *Part
	header  []byte
	fields  int
	lines   int64 // before the stretch that is next
	offset  int64
	rejects []flow.Reject
	late    bool // the operator has taken longer over a stretch than it may
	apart   bool // every stretch has an operator of its own
}

// patience returns how long the operator is given for records while one is looked for that takes for ever: not as long as
// it may take, for that record is given all of it when it is by itself. 0 for no less.
func (h *halving) patience(records []byte, n int64) time.Duration {
	if !h.late || n == 1 {
		return 0
	}
	return h.trials.expect(len(records))
}

// put puts a stretch of whole records through. whole says that it is all of the batch.
func (h *halving) put(ctx context.Context, raw []byte, whole bool) error {
	accepted, tally, rejects := h.check(raw)
	if err := h.trials.verdict(); err != nil {
		return err
	}
	if tally.Out == 0 {
		h.take(raw, tally, rejects, flow.Yield{})
		return nil
	}
	most := h.trials.most()
	if whole && most > 0 && tally.Out > most {
		return h.portions(ctx, raw, most)
	}
	y, err := h.operate(ctx, accepted, tally.Out)
	if err == nil {
		h.trials.succeed(h.flow.Source, h.header, accepted)
		h.take(raw, tally, rejects, y)
		h.room, err = h.packer.swallow(y)
		return err
	}
	var failure *flow.Failure
	if !errors.As(err, &failure) || failure.Fatal {
		return err
	}
	h.late = h.late || failure.TimedOut
	if whole && failure.Enough > 0 && failure.Enough < tally.Out {
		h.trials.tires(failure.Enough)
		return h.portions(ctx, raw, failure.Enough)
	}
	if whole {
		if err := h.trials.judge(ctx, h, raw, failure); err != nil {
			return err
		}
	}
	middle := h.middle(raw)
	if middle < len(raw) {
		if err := h.put(ctx, raw[:middle], false); err != nil {
			return err
		}
		return h.put(ctx, raw[middle:], false)
	}
	if whole { // once more: it may have been the operator's bad luck
		accepted, _, _ = h.check(raw)
		if y, err := h.operate(ctx, accepted, tally.Out); err == nil {
			h.take(raw, tally, rejects, y)
			h.room, err = h.packer.swallow(y)
			return err
		}
	}
	tally.Out, tally.Rejected = 0, tally.Rejected+tally.Out
	text, _ := splitEnd(raw)
	h.take(raw, tally, []flow.Reject{{Reason: failure.Reason, Record: bytes.Clone(text[:min(len(text), giantHead)])}}, flow.Yield{})
	return h.trials.rejected(ctx, h, failure)
}

// portions puts a batch through by so many records at a time, each time through an operator of its own: as many as it does before
// it has enough. Its count of results tells whether they are those of these records.
func (h *halving) portions(ctx context.Context, raw []byte, most int64) error {
	h.apart = true
	cutter := h.flow.Source.Cutter()
	for len(raw) > 0 {
		end := 0
		for n := int64(0); n < most && end < len(raw); n++ {
			size, _ := cutter.Next(raw[end:])
			end += size
		}
		if err := h.put(ctx, raw[:end], false); err != nil {
			return err
		}
		raw = raw[end:]
	}
	return nil
}

// check returns the records of a stretch that are whole, and what became of the others.
func (h *halving) check(raw []byte) (accepted []byte, tally flow.Tally, rejects []flow.Reject) {
	s := h.slot
	if tally, ok := s.flow.Source.Whole(raw, flow.Limits{Fields: h.fields, MaxRecord: s.spec.Run.MaxRecord}); ok {
		return raw, tally, nil
	}
	if s.pass == nil || s.fields != h.fields {
		s.fields = h.fields
		s.pass = s.flow.NewPass(flow.Limits{Fields: h.fields, MaxRecord: s.spec.Run.MaxRecord})
	}
	s.accepted = s.accepted[:0]
	s.pass.Begin()
	_ = s.pass.Run(raw, func(out []byte) error { // it returns only the error of this function
		s.accepted = append(s.accepted, out...)
		return nil
	})
	tally, rejects = s.pass.End()
	tally.Emitted = 0
	return s.accepted, tally, rejects
}

// operate gives records to the operator.
func (h *halving) operate(ctx context.Context, records []byte, n int64) (flow.Yield, error) {
	y, err := h.ask(ctx, flow.Bundle{Header: h.header, Records: records, Count: n, More: h.more(), Room: h.room[:0], Apart: h.apart, Within: h.patience(records, n)})
	if err == nil {
		h.trials.took(len(records), y.Took+y.Start)
	}
	return y, err
}

// take takes in what became of a stretch.
func (h *halving) take(raw []byte, tally flow.Tally, rejects []flow.Reject, y flow.Yield) {
	tally.Emitted = y.Count
	h.part.Tally.Add(tally)
	h.part.Took += y.Took
	h.part.Start = max(h.part.Start, y.Start)
	if h.part.Title == nil {
		h.part.Title = bytes.Clone(y.Header) // it lies in memory that is used again
	}
	for _, r := range rejects {
		r.Line += h.lines
		r.Offset += h.offset
		h.rejects = append(h.rejects, r)
	}
	h.lines += tally.Lines
	h.offset += int64(len(raw))
}

// middle returns the end of a record near the middle of a stretch: the stretch's own where it is one record.
func (h *halving) middle(raw []byte) int {
	cutter := h.flow.Source.Cutter()
	if n := cutter.Last(raw[:len(raw)/2]); n > 0 {
		return n
	}
	n, _ := h.flow.Source.Cutter().Next(raw)
	return n
}

// some returns a few records of a stretch, each by itself: the first, one from the middle and the last.
func (h *halving) some(raw []byte) [][]byte {
	front, _ := h.flow.Source.Cutter().Next(raw)
	middle := h.middle(raw)
	if middle == len(raw) {
		return [][]byte{raw}
	}
	last := raw
	for n := h.middle(last); n < len(last); n = h.middle(last) {
		last = last[n:]
	}
	n, _ := h.flow.Source.Cutter().Next(raw[middle:])
	return slices.CompactFunc([][]byte{raw[:front], raw[middle:][:n], last}, func(a, b []byte) bool { return &a[0] == &b[0] })
}
