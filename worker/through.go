package worker

import (
	"bytes"
	"context"
	"errors"

	"flashmob/flow"
)

// through processes a batch of records with the flow's operator.
func (s *slot) through(ctx context.Context, b Batch, body []byte, part *Part) ([]byte, []flow.Reject, error) {
	raw := s.raw[:0]
	s.hash.Reset()
	err := s.pieces(b, body, func(data []byte) error {
		s.hash.Write(data)
		raw = append(raw, data...)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	s.raw = raw
	if !s.spec.input(b.Input).IsGenerated() {
		part.InputHash = hexHash(s.hash.Sum64())
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

// alone asks the operator what the results' header line is, where an input has no more than its own.
func (s *slot) alone(ctx context.Context, b Batch, header []byte, part *Part) error {
	if !b.Alone {
		return nil
	}
	_, header = splitBOM(header)
	y, err := s.operator.Process(ctx, flow.Bundle{Header: ended(header)})
	var failure *flow.Failure
	if errors.As(err, &failure) { // there is no record that it could be to blame for
		part.Title, _ = splitEnd(header)
		return nil
	}
	part.Title = y.Header
	return err
}

// ended returns a line with a line end.
func ended(line []byte) []byte {
	if bytes.HasSuffix(line, []byte{'\n'}) {
		return line
	}
	return append(bytes.Clone(line), '\n')
}
