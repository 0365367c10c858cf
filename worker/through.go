package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"flashmob/flow"
	"flashmob/internal/pages"
)

// through processes a batch of records with the flow's operator.
func (s *slot) through(ctx context.Context, b Batch, body []byte, part *Part) ([]byte, []flow.Reject, error) {
	s.workspace = s.lanes.take()
	defer func() { s.lanes.give(s.workspace) }()
	raw, err := s.whole(b, body)
	if err != nil {
		return nil, nil, err
	}
	if !s.spec.input(b.Input).IsGenerated() {
		part.InputHash = hexHash(xxhash.Sum64(raw))
	}
	var bom []byte
	if b.Offset == 0 { // programs do not expect one in front of a batch
		bom, raw = splitBOM(raw)
	}
	s.packer.begin(s.depot.Buffer())
	h := halving{slot: s, part: part, header: b.Header, fields: b.Fields, offset: int64(len(bom))}
	if err := h.put(ctx, raw, true); err != nil {
		return nil, nil, err
	}
	out, err := s.pack(part)
	return out, h.rejects, err
}

// whole returns the batch's bytes, all at once.
func (s *slot) whole(b Batch, body []byte) ([]byte, error) {
	in := s.spec.input(b.Input)
	switch {
	case b.Inline:
		return body, nil
	case b.Ref != "":
		return s.depot.Get(b.Ref)
	case in.IsGenerated():
		s.raw = s.raw[:0]
		err := s.generated(b, func(data []byte) error {
			s.raw = append(s.raw, data...)
			return nil
		})
		return s.raw, err
	}
	if int64(cap(s.raw)) < b.Length {
		s.raw = pages.Make(int(b.Length + b.Length/8)) // the next one may be a little larger
	}
	s.raw = s.raw[:b.Length]
	source := s.ranges.Open(in, b.Offset, b.end())
	defer source.Close()
	if _, err := io.ReadFull(source, s.raw); err != nil {
		return nil, err
	}
	return s.raw, s.checkCut(b, s.raw)
}

// checkCut makes sure that a batch of a remote CSV, the ends of which are guessed, ends where a record does.
func (s *slot) checkCut(b Batch, raw []byte) error {
	in := s.spec.input(b.Input)
	if !in.IsFar() || s.flow.Source.Format() != flow.CSV.Format() || b.end() == in.Size {
		return nil
	}
	cutter := s.flow.Source.Cutter()
	cutter.Last(raw)
	if !ends(cutter, raw) {
		return fmt.Errorf("input %q: bytes %d to %d: %w", in.URI, b.Offset, b.end(), ErrCut)
	}
	return nil
}

// alone asks the operator what the results' header line is, where an input has no more than its own.
func (s *slot) alone(ctx context.Context, b Batch, header []byte, part *Part) error {
	if !b.Alone {
		return nil
	}
	_, header = splitBOM(header)
	y, err := s.ask(ctx, flow.Bundle{Header: ended(header)})
	var failure *flow.Failure
	if errors.As(err, &failure) { // there is no record that it could be to blame for
		part.Title = header
		return nil
	}
	part.Title = y.Header
	return err
}

// ask gives a bundle to the operator.
func (s *slot) ask(ctx context.Context, in flow.Bundle) (flow.Yield, error) {
	s.lanes.begin()
	defer s.lanes.end()
	return s.operator.Process(ctx, in)
}

// ended returns a line with a line end.
func ended(line []byte) []byte {
	if bytes.HasSuffix(line, []byte{'\n'}) {
		return line
	}
	return append(bytes.Clone(line), '\n')
}
