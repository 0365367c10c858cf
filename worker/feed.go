package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// feeder cuts the run's inputs into batches and sends them out.
type feeder struct {
	run       manifest.Run
	flow      *flow.Flow
	done      []manifest.Part // of earlier sittings
	batchRows int
	uplink    Uplink // nil where inputs are opened here
	drain     <-chan struct{}
	log       *slog.Logger
	sizer     *sizer
	room      func(ctx context.Context) error // waits until a batch would be taken, where its size should be known no earlier; nil for no need
	slots     func() int
	send      func(ctx context.Context, b Batch, body []byte) error
	ended     func(input int, end int64) error // the input ends at that offset
	left      *left                            // where an earlier feeder of this sitting was; nil where there was none
	learned   func(ctx context.Context, h head) error

	header []byte // the first header seen, which all inputs must share
	raw    []byte // the same with its line end
	fields int    // that every record must have
}

// feed sends out everything that is not done yet.
func (f *feeder) feed(ctx context.Context) error {
	if f.left != nil { // it knows more than the sittings before it
		f.done, f.header, f.raw, f.fields = f.left.done, f.left.Header, f.left.Raw, f.left.Fields
	}
	for i, in := range f.run.Inputs {
		var err error
		switch {
		case f.left != nil && i < f.left.from.Input:
			err = f.ended(i, f.left.ends[i])
		case in.IsGenerated():
			err = f.generate(ctx, i)
		default:
			err = f.read(ctx, i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entered reports whether an earlier feeder of this sitting was in the middle of the input, and where.
func (f *feeder) entered(i int) (offset int64, ok bool) {
	if f.left == nil || f.left.from.Input != i {
		return 0, false
	}
	return f.left.from.Offset, true
}

// headerRow is the row of a generated input that its header counts as.
const headerRow = -1

// generate sends out the rows of a generated input.
func (f *feeder) generate(ctx context.Context, i int) error {
	in, at := f.run.Inputs[i], f.position(i)
	generator := f.flow.Generator
	if generator == nil {
		return fmt.Errorf("generate %s: the application makes no input", f.run.App)
	}
	before, entered := f.entered(i)
	if entered {
		at = before
	}
	past := f.past(i)
	if f.flow.Source.HasHeader() && at == 0 && !f.has(i, headerRow) && !entered {
		if err := f.send(ctx, Batch{Kind: manifest.Header, Input: i, Offset: headerRow, Length: 1, Alone: f.flow.HasOperator() && in.Size == 0}, nil); err != nil {
			return err
		}
	}
	if f.fields = f.flow.Source.Fields(generator.Header); !entered {
		if err := f.learned(ctx, head{Fields: f.fields}); err != nil {
			return err
		}
	}
	perRow := int64(len(generator.Row(nil, in.Seed, 0)) + 1)
	for at < in.Size {
		end := in.Size
		if at = past.leave(at); len(past) > 0 {
			end = past[0].Offset
		}
		if at == in.Size {
			break
		}
		rows := int64(f.batchRows)
		if err := f.await(ctx); err != nil {
			return err
		}
		if rows == 0 {
			rows = f.sizer.next(f.firstOf(i, in.Size*perRow, (end-at)*perRow)/perRow, f.largest(i)/perRow, end-at, f.slots())
		}
		rows = min(rows, end-at)
		b := Batch{Kind: manifest.Records, Input: i, Offset: at, Length: rows, Fields: f.fields, Header: f.shown(generator.Header)}
		if err := f.send(ctx, b, nil); err != nil {
			return err
		}
		at += rows
	}
	return f.ended(i, in.Size)
}

// read sends out the records of an input that has bytes.
func (f *feeder) read(ctx context.Context, i int) error {
	in := f.run.Inputs[i]
	if !in.HasRanges() && f.later(i) && !f.run.Unordered() {
		return nil // it was read to its end in an earlier sitting, and cannot be read again
	}
	at, entered := f.entered(i)
	s, closer, err := f.open(ctx, i, at)
	if err != nil {
		return err
	}
	defer closer.Close()
	if !entered {
		if err := f.first(ctx, i, s); err != nil {
			return err
		}
	}
	past := f.past(i)
	size, remaining, begun, reading := int64(-1), int64(-1), time.Now(), time.Duration(0)
	if in.HasRanges() {
		size = in.Size
	}
	for {
		if past, err = f.skip(i, s, past); err != nil {
			return err
		}
		if s.wall > 0 {
			remaining = s.wall - s.start
		} else if in.HasRanges() {
			remaining = in.Size - s.start
		}
		if err := f.await(ctx); err != nil {
			return err
		}
		asked := time.Now()
		got, err := s.next(f.sizer.next(f.firstOf(i, size, remaining), f.largest(i), remaining, f.slots()), f.batchRows)
		reading += time.Since(asked)
		if err == io.EOF && len(past) > 0 {
			return fmt.Errorf("input %q: %w: it ends before byte %d", in.URI, ErrResume, past[0].End())
		}
		if err == io.EOF {
			if in.IsCompressed() && f.slots() > 1 && waitsForInput(reading, time.Since(begun)) {
				f.log.Info("one core unpacks the input, and the others wait for it", "input", in.URI)
			}
			if torn, ok := closer.(interface{ Torn() int }); ok && torn.Torn() > 0 {
				f.log.Warn("connections ended in the middle of a frame, which is lost", "input", in.URI, "connections", torn.Torn())
			}
			return f.ended(i, s.pos)
		}
		if err != nil {
			return err
		}
		if err := f.hand(ctx, i, got); err != nil {
			return err
		}
	}
}

// waitsForInput reports whether a run that took so long over an input has mostly waited for it.
func waitsForInput(reading, all time.Duration) bool { return all > 3*time.Second && reading > all*3/4 }

// await waits until a batch would be taken, if there is a need to.
func (f *feeder) await(ctx context.Context) error {
	if f.room == nil {
		return nil
	}
	return f.room(ctx)
}

// largest returns the size of the largest batch of an input, in bytes.
func (f *feeder) largest(i int) int64 {
	stages := f.flow.Keyed()
	switch {
	case f.flow.IsStarted() && (f.uplink == nil || f.run.Inputs[i].IsRemote()) && f.run.Inputs[i].HasRanges():
		return startedBatch
	case f.run.Inputs[i].IsRemote():
		return remoteBatch
	case f.flow.HasOperator() && !f.flow.IsStarted():
		return longBatch
	case f.flow.HasOperator():
		return operatorBatch
	case len(stages) > 0 && !stages[0].OnUpdate():
		return combinedBatch
	}
	return maxBatch
}

// firstOf returns the size of the first batches of an input of size bytes (-1 if nobody knows). A program that keeps answers
// back gets more, so that it has enough to give some. All slots get some of a small input, whatever handing out costs, for a
// record may take long.
func (f *feeder) firstOf(i int, size, remaining int64) int64 {
	slots := f.slots()
	switch {
	case f.flow.IsStarted():
		return min(f.sizer.firstStarted(remaining, slots), share(size, slots))
	case f.flow.Lanes() > 2:
		return min(2*firstCostly, share(size, usualLanes*slots))
	case f.run.Inputs[i].IsRemote():
		return min(firstCostly, share(size, usualLanes*slots))
	}
	return FirstBatch(size, slots)
}

// shown returns a header line as an operator is to see it with every batch; nil where there is no header or no operator.
func (f *feeder) shown(header []byte) []byte {
	if !f.flow.HasOperator() || !f.flow.Source.HasHeader() {
		return nil
	}
	return ended(header)
}

// open returns a slicer over the input, from an offset on at which a record begins.
func (f *feeder) open(ctx context.Context, i int, at int64) (*slicer, io.Closer, error) {
	in := f.run.Inputs[i]
	s := &slicer{cutter: f.flow.Source.Cutter(), maxRecord: int64(max(f.run.MaxRecord, maxBlock)), start: at, end: at, pos: at}
	if f.uplink != nil && !in.IsRemote() {
		source := &uplinked{ctx: ctx, open: f.uplink, i: i, in: in, log: f.log, offset: at}
		s.source = source
		if in == input.Stdin { // what others bring may be silent for ever, too
			patient := &abandonable{ctx: ctx, drain: f.drain, source: source, doubt: true}
			s.source = patient
			return s, patient, nil
		}
		return s, source, nil
	}
	source, err := in.Open()
	if err != nil {
		return nil, nil, err
	}
	if in.HasRanges() {
		s.source = source
		if at > 0 {
			s.source = source.Section(at, in.Size)
		}
		s.replay, s.align = source.Section, source.AlignUp
		switch {
		case f.flow.Source.Resyncs():
			s.leaps = in.Size
		case in.IsFar() && f.flow.Source.Format() == flow.CSV.Format() && len(f.done) == 0: // a sitting that goes on takes no chances
			s.guessed, s.fresh = in.Size, f.flow.Source.Cutter
			s.guess = func(window []byte) (int, bool) { return guess(f.flow.Source, f.fields, window) }
		}
		return s, source, nil
	}
	if _, err := io.CopyN(io.Discard, source, at); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("skip to byte %d of %s: %w", at, in.URI, err), source.Close())
	}
	patient := &abandonable{ctx: ctx, drain: f.drain, source: source, doubt: in.Size < 0 && !in.Listens()}
	s.source = patient
	if in.Listens() {
		patient.finish, s.soon = source.Finish, patient.soon
	}
	return s, patient, nil
}

// first reads the first record: the header, or the measure of how many fields a record has. It leaves s behind all
// that is done.
func (f *feeder) first(ctx context.Context, i int, s *slicer) error {
	got, err := s.first()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	if f.flow.Source.HasHeader() {
		if err := f.checkHeader(i, got); err != nil {
			return err
		}
	} else if f.fields == 0 && got.giant == nil {
		f.fields = f.flow.Source.Fields(firstLine(got.data))
	}
	if err := f.learned(ctx, head{f.header, f.raw, f.fields}); err != nil {
		return err
	}
	switch {
	case f.has(i, got.offset):
		return f.recheck(i, s, got)
	case f.flow.Source.HasHeader():
		b := Batch{Kind: manifest.Header, Input: i, Offset: got.offset, Length: got.length, Inline: true}
		if f.flow.HasOperator() {
			if b.Alone, err = s.atEnd(); err != nil {
				return err
			}
		}
		return f.send(ctx, b, got.data)
	case got.giant != nil:
		return f.hand(ctx, i, got)
	}
	s.unread(got)
	return nil
}

// checkHeader returns an error unless the inputs so far have the same header.
func (f *feeder) checkHeader(i int, got slice) error {
	if got.giant != nil {
		return fmt.Errorf("input %q: header: %s", f.run.Inputs[i].URI, flow.TooLong(f.run.MaxRecord))
	}
	header := firstLine(got.data)
	if f.header == nil {
		_, raw := splitBOM(got.data)
		f.header, f.raw, f.fields = bytes.Clone(header), bytes.Clone(raw), f.flow.Source.Fields(header)
	}
	if !bytes.Equal(header, f.header) {
		return fmt.Errorf("input %q: %w: it is %.200q, the first input's is %.200q", f.run.Inputs[i].URI, ErrHeader, header, f.header)
	}
	return nil
}

// ErrHeader says that the inputs of a run do not have the same header.
var ErrHeader = errors.New("header differs")

// firstLine returns the text of an input's first record.
func firstLine(data []byte) []byte {
	_, line := splitBOM(data)
	text, _ := splitEnd(line)
	return text
}

// hand sends out a slice.
func (f *feeder) hand(ctx context.Context, i int, got slice) error {
	b := Batch{Kind: manifest.Records, Input: i, Offset: got.offset, Length: got.length, Fields: f.fields, Giant: got.giant, Header: f.shown(f.raw)}
	if in := f.run.Inputs[i]; in.HasRanges() {
		b.Final = i == len(f.run.Inputs)-1 && b.end() == in.Size
	}
	return f.send(ctx, b, got.data)
}

// begun reports whether an earlier sitting has a part of the input.
func (f *feeder) begun(i int) bool {
	return len(f.done) > 0 && f.done[len(f.done)-1].Input >= i
}

// later reports whether an earlier sitting has a part of a later input.
func (f *feeder) later(i int) bool { return f.begun(i + 1) }

// position returns how far earlier sittings came with the input, without a gap for certain.
func (f *feeder) position(i int) int64 {
	var end int64
	if f.run.Unordered() {
		return end
	}
	for _, part := range f.done {
		if part.Input == i {
			end = max(end, part.End())
		}
	}
	return end
}

// recheck moves s, of which the first record was taken, over what earlier sittings did of the input, and makes sure
// that it still is what they read.
func (f *feeder) recheck(i int, s *slicer, first slice) error {
	if first.giant == nil {
		s.unread(first)
	}
	for _, part := range manifest.InInputOrder(f.done, i) {
		switch {
		case first.giant != nil && part.Offset == first.offset:
			if err := f.compare(part, first.giant.Hash); err != nil {
				return err
			}
		case f.run.Unordered(): // it may lie behind a gap
			return nil
		default:
			if err := f.skipPart(s, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// skipPart moves s over what an earlier sitting did next, and makes sure that it still is what that one read.
func (f *feeder) skipPart(s *slicer, part manifest.Part) error {
	sum, err := s.skip(part.Length)
	if err != nil && err != io.ErrUnexpectedEOF {
		return err
	}
	return f.compare(part, hexHash(sum))
}

// compare makes sure that the range of a part still has the hash that it had.
func (f *feeder) compare(part manifest.Part, hash string) error {
	if hash != part.InputHash {
		return fmt.Errorf("input %q: %w: bytes %d to %d differ", f.run.Inputs[part.Input].URI, ErrResume, part.Offset, part.End())
	}
	return nil
}

// ErrResume says that an input is not what the part of the run that is done has read.
var ErrResume = errors.New("not the same as when the run began")
