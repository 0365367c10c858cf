package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/internal/pages"
	"flashmob/manifest"
)

// slot processes batches, one at a time. It owns its buffers.
type slot struct {
	number int // from 0
	worker string
	spec   Spec
	flow   *flow.Flow
	pass   *flow.Pass
	fields int // that pass holds records to
	packer *packer
	split  [][]byte // entries of the batch by partition; none without keyed stages
	depot  depot
	ranges *input.Ranges
	buf    []byte // a piece of the batch's bytes
	hash   xxhash.Digest

	workspace
	lanes *lanes

	operator flow.Operator // of a flow that has one; nil otherwise
	trials   *trials       // of the operators of all slots
	more     func() bool   // whether another batch waits
	read     int64         // bytes of the batch
}

// product is what comes of a batch.
type product struct {
	part     Part
	body     []byte  // the part's
	entries  []byte  // for the keyed stage, partition by partition
	segments []int64 // bytes of the entries by partition; nil where there are none
	read     int64   // bytes of the batch, decompressed
}

// process returns what comes of a batch. An error is the batch's, not the slot's: no other slot would fare better.
func (s *slot) process(ctx context.Context, b Batch, body []byte) (product, error) {
	s.read = int64(len(body))
	part, out, err := s.part(ctx, b, body)
	made := product{part: part, body: out, read: s.read}
	if err == nil && part.Tally.Out > 0 && s.split != nil {
		made.entries, made.segments = s.joined()
	}
	return made, err
}

// joined returns the entries of the batch in one piece.
func (s *slot) joined() (entries []byte, segments []int64) {
	segments, size := make([]int64, len(s.split)), 0
	for i, own := range s.split {
		segments[i] = int64(len(own))
		size += len(own)
	}
	entries = pages.Grow(s.depot.Buffer(), size)
	for _, own := range s.split {
		entries = append(entries, own...)
	}
	return entries, segments
}

// part returns the part that comes of a batch, with its body.
func (s *slot) part(ctx context.Context, b Batch, body []byte) (part Part, out []byte, err error) {
	begun := time.Now()
	part = Part{Batch: b, Worker: s.worker}
	var rejects []flow.Reject
	switch {
	case b.Giant != nil:
		out, rejects, err = s.giant(b, body, &part)
	case b.Kind == manifest.Header:
		out, err = s.header(ctx, b, body, &part)
	case s.operator != nil:
		out, rejects, err = s.through(ctx, b, body, &part)
	default:
		out, rejects, err = s.records(b, body, &part)
	}
	if err != nil {
		return part, nil, err
	}
	part.Results = int64(len(out))
	if len(rejects) > 0 {
		text, err := json.Marshal(rejects)
		if err != nil {
			return part, nil, fmt.Errorf("encode rejects: %w", err)
		}
		out = append(out, text...)
	}
	if s.operator == nil {
		part.Took = time.Since(begun)
	}
	return part, out, nil
}

// hexHash writes an input hash as manifests have it.
func hexHash(sum uint64) string { return fmt.Sprintf("%016x", sum) }

// header processes the header line of an input, which is body unless it is generated. Only the first input's comes out.
func (s *slot) header(ctx context.Context, b Batch, body []byte, part *Part) ([]byte, error) {
	if s.spec.input(b.Input).IsGenerated() {
		body = append(bytes.Clone(s.flow.Generator.Header), '\n')
	} else {
		part.InputHash = hexHash(xxhash.Sum64(body))
	}
	part.Tally = flow.Tally{Lines: int64(countLines(body))}
	s.packer.begin(s.depot.Buffer())
	if s.operator != nil {
		if err := s.alone(ctx, b, body, part); err != nil {
			return nil, err
		}
	} else if b.Input == 0 && s.split == nil {
		bom, line := splitBOM(body)
		if text, eol := splitEnd(line); len(line) > 0 {
			line = slices.Concat(s.flow.Header(text), eol)
		}
		if err := s.packer.write(slices.Concat(bom, line)); err != nil {
			return nil, err
		}
	}
	return s.pack(part)
}

// records processes a batch of records, piece by piece.
func (s *slot) records(b Batch, body []byte, part *Part) ([]byte, []flow.Reject, error) {
	if s.pass == nil || s.fields != b.Fields {
		s.fields = b.Fields
		s.pass = s.flow.NewPass(flow.Limits{Fields: b.Fields, MaxRecord: s.spec.Run.MaxRecord, Partitions: s.spec.Partitions})
	}
	s.packer.begin(s.depot.Buffer())
	s.pass.Begin()
	s.hash.Reset()
	bom := 0
	s.read = 0
	err := s.pieces(b, body, func(data []byte) error {
		s.read += int64(len(data))
		s.hash.Write(data)
		if b.Offset == 0 && bom == 0 { // a byte order mark can only stand at the front of an input, before its first record
			mark, rest := splitBOM(data)
			if bom, data = len(mark), rest; b.Input == 0 && s.split == nil {
				if err := s.packer.write(mark); err != nil {
					return err
				}
			}
		}
		if err := s.pass.Run(data, s.packer.write); err != nil {
			return err
		}
		reach("half")
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if !s.spec.input(b.Input).IsGenerated() {
		part.InputHash = hexHash(s.hash.Sum64())
	}
	if s.split != nil {
		for i := range s.split {
			s.split[i] = s.split[i][:0]
		}
		s.split = s.pass.Entries(s.split)
	}
	tally, rejects := s.pass.End()
	for i := range rejects {
		rejects[i].Offset += int64(bom)
	}
	part.Tally = tally
	out, err := s.pack(part)
	return out, rejects, err
}

// pack finishes the part's results.
func (s *slot) pack(part *Part) (out []byte, err error) {
	part.Open = s.packer.open()
	out, part.SHA256, err = s.packer.end()
	return out, err
}

// giant rejects a record that is too long to be read into memory; body is its head.
func (s *slot) giant(b Batch, body []byte, part *Part) ([]byte, []flow.Reject, error) {
	part.Tally = flow.Tally{In: 1, Rejected: 1, Lines: b.Giant.Lines}
	part.InputHash = b.Giant.Hash
	s.packer.begin(s.depot.Buffer())
	out, err := s.pack(part)
	return out, []flow.Reject{{Reason: flow.TooLong(s.spec.Run.MaxRecord), Record: body}}, err
}
