package manifest

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"flashmob/flow"
	"flashmob/input"
)

// checkInputs makes sure that the named inputs are, range by range, what the run has read.
func (m *Manifest) checkInputs(names []string, s3 input.Resolver) error {
	inputs, err := input.Find(names, s3)
	if err != nil {
		return err
	}
	if len(inputs) != len(m.Inputs) {
		return brokenf("the run had %d inputs, %d are named", len(m.Inputs), len(inputs))
	}
	for i, in := range inputs {
		if m.Inputs[i].IsGenerated() {
			return fmt.Errorf("input %s: %w", m.Inputs[i].URI, ErrGenerated)
		}
		if err := m.checkInput(i, in); err != nil {
			return fmt.Errorf("input %s: %w", in.URI, err)
		}
	}
	return nil
}

// ErrGenerated says that a run had no input that could be compared.
var ErrGenerated = errors.New("the run generated its input")

func (m *Manifest) checkInput(i int, in input.Input) (err error) {
	stream, err := in.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	text := bufio.NewReaderSize(stream, 64<<10)
	for _, p := range InInputOrder(m.Parts, i) {
		if err := m.checkInputPart(p, text); err != nil {
			return err
		}
	}
	if n, err := io.CopyN(io.Discard, text, 1); n > 0 || err != io.EOF {
		return errors.Join(brokenf("it goes on behind what was processed"), ignoreEOF(err))
	}
	return nil
}

// checkInputPart makes sure that the next bytes of an input are the part's, and as many records and lines as it says.
func (m *Manifest) checkInputPart(p Part, text *bufio.Reader) error {
	h, count := xxhash.New(), counter{cutter: m.inputSource().Cutter()}
	length := p.Length
	if p.Offset == 0 {
		if front, _ := text.Peek(len(flow.BOM)); string(front) == flow.BOM { // it belongs to no record
			n, err := io.CopyN(h, text, min(length, int64(len(front))))
			if err != nil {
				return err
			}
			length -= n
		}
	}
	if _, err := io.CopyN(io.MultiWriter(h, &count), text, length); err == io.EOF {
		return brokenf("it ends before byte %d", p.End())
	} else if err != nil {
		return err
	}
	if sum := fmt.Sprintf("%016x", h.Sum64()); sum != p.InputHash {
		return brokenf("bytes %d to %d are not those that were processed", p.Offset, p.End())
	}
	in := p.In
	if p.Kind == Header {
		in = 1
	}
	if n := count.records(); n != in && length > 0 {
		return brokenf("bytes %d to %d are %d records, want %d", p.Offset, p.End(), n, in)
	}
	if m.Format != flow.Frames.Format() && count.lines != p.Lines {
		return brokenf("bytes %d to %d have %d line ends, want %d", p.Offset, p.End(), count.lines, p.Lines)
	}
	return nil
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
