package worker

import (
	"fmt"
	"io"

	"flashmob/flow"
	"flashmob/internal/pages"
)

// pieceSize is how much of a batch a slot works on at a time, in bytes: it fits the cache of a core, so that the passes
// over it (find the records, compute, compress) find it there.
const pieceSize = 512 << 10

// pieces calls f with the batch's bytes in order, wherever they are, in pieces of whole records.
func (s *slot) pieces(b Batch, body []byte, f func(piece []byte) error) error {
	switch in := s.spec.input(b.Input); {
	case b.Inline:
		return f(body)
	case b.Ref != "":
		data, err := s.depot.Get(b.Ref)
		if err != nil {
			return err
		}
		return f(data)
	case in.IsGenerated():
		return s.generated(b, f)
	default:
		return s.stored(b, f)
	}
}

// generated makes the batch's rows.
func (s *slot) generated(b Batch, f func([]byte) error) error {
	generator, seed := s.flow.Generator, s.spec.input(b.Input).Seed
	step := max(int64(pieceSize/(len(generator.Row(nil, seed, b.Offset))+1)), 1)
	for at := b.Offset; at < b.end(); at += step {
		s.buf = generator.Append(s.buf[:0], seed, at, min(at+step, b.end()))
		if err := f(s.buf); err != nil {
			return err
		}
	}
	return nil
}

// stored reads the batch's range of its input. A record that does not fit in a piece makes the piece larger.
func (s *slot) stored(b Batch, f func([]byte) error) error {
	in, cutter := s.spec.input(b.Input), s.flow.Source.Cutter()
	if s.buf == nil {
		s.buf = pages.Make(pieceSize)[:pieceSize]
	}
	source := s.ranges.Open(in, b.Offset, b.end())
	defer source.Close()
	held := 0 // bytes at the front of buf that were read, but not passed on
	for at := b.Offset; at < b.end(); {
		if held == len(s.buf) {
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
		fresh := s.buf[held:min(int64(len(s.buf)), int64(held)+b.end()-at)]
		if _, err := io.ReadFull(source, fresh); err != nil {
			return err
		}
		at += int64(len(fresh))
		seen := fresh
		if b.Offset == 0 && at == int64(len(fresh)) { // the feeder's cutter passed over the mark, too
			_, seen = splitBOM(fresh)
		}
		whole := held + len(fresh) - len(seen) + cutter.Last(seen)
		if at == b.end() {
			whole = held + len(fresh)
		} else if whole == held+len(fresh)-len(seen) {
			held += len(fresh)
			continue
		}
		if err := f(s.buf[:whole]); err != nil {
			return err
		}
		if at == b.end() && at < in.Size && in.IsFar() && s.flow.Source.Format() == flow.CSV.Format() && !ends(cutter, fresh) {
			return fmt.Errorf("input %q: bytes %d to %d: %w", in.URI, b.Offset, b.end(), ErrCut)
		}
		held = copy(s.buf, s.buf[whole:held+len(fresh)])
	}
	return nil
}
