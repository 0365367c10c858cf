package input

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Ranges reads ranges of files, keeping each file open between reads. Safe for concurrent use.
type Ranges struct {
	mu   sync.Mutex
	open map[string]*os.File
	held map[string]units // of compressed ones
}

// ErrShrank says that a file ends before a range that it had when the run began.
var ErrShrank = errors.New("shrank while it was read")

// Open returns the bytes [from, to) of an input, to be read once: of a remote one with a single request.
func (r *Ranges) Open(in Input, from, to int64) io.ReadCloser {
	if in.IsRemote() {
		return &object{in: in, at: from, to: to}
	}
	if in.Stored > 0 {
		return &packed{ranges: r, in: in, at: from, to: to}
	}
	return &section{ranges: r, in: in, at: from, to: to}
}

// section reads a range of a file.
type section struct {
	ranges *Ranges
	in     Input
	at, to int64
}

func (s *section) Read(p []byte) (int, error) {
	if s.at >= s.to {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.to-s.at)]
	if err := s.ranges.Read(s.in, s.at, p); err != nil {
		return 0, err
	}
	s.at += int64(len(p))
	return len(p), nil
}

func (s *section) Close() error { return nil }

// packed reads a range of what a compressed file holds.
type packed struct {
	ranges *Ranges
	in     Input
	at, to int64
	*unpacking
}

func (p *packed) Read(b []byte) (int, error) {
	if p.unpacking == nil {
		f, err := p.ranges.file(p.in)
		if err != nil {
			return 0, err
		}
		all, err := p.ranges.units(p.in, f)
		if err != nil {
			return 0, err
		}
		p.unpacking = &unpacking{in: p.in, file: f, units: all, at: p.at, to: p.to}
	}
	return p.unpacking.Read(b)
}

func (p *packed) Close() error {
	if p.unpacking != nil {
		p.unpacking.close()
	}
	return nil
}

// units returns the units of a compressed file, which are looked for once.
func (r *Ranges) units(in Input, f *os.File) (units, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if all := r.held[in.URI]; all != nil {
		return all, nil
	}
	all, err := in.units(f)
	if err != nil {
		return nil, err
	}
	if r.held == nil {
		r.held = map[string]units{}
	}
	r.held[in.URI] = all
	return all, nil
}

// units returns the units of the input's file, which must still be as it was when the run began.
func (in Input) units(f *os.File) (units, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", in.URI, cause(err))
	}
	all := unitsOf(f, info.Size(), codecOf(in.URI))
	if info.Size() != in.Stored || all == nil || all.size() != in.Size {
		return nil, fmt.Errorf("input %q: %w", in.URI, ErrChanged)
	}
	return all, nil
}

// AlignUp returns the first offset from the given one on at which something can be unpacked without what stands before it, of an
// input where that matters; else the given one.
func (s *Stream) AlignUp(offset int64) int64 {
	if s.units == nil || offset >= s.in.Size {
		return offset
	}
	if i := s.units.find(offset); s.units[i].from < offset {
		return s.units[i+1].from
	}
	return offset
}

// Read fills buf with the bytes of a file input from offset on.
func (r *Ranges) Read(in Input, offset int64, buf []byte) error {
	f, err := r.file(in)
	if err != nil {
		return err
	}
	n, err := f.ReadAt(buf, offset)
	switch {
	case n == len(buf):
		return nil
	case err == io.EOF:
		return fmt.Errorf("input %q: %w: %d bytes, had %d", in.URI, ErrShrank, offset+int64(n), in.Size)
	default:
		return fmt.Errorf("input %q: %w", in.URI, cause(err))
	}
}

func (r *Ranges) file(in Input) (*os.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.open[in.URI]; f != nil {
		return f, nil
	}
	f, err := os.Open(in.URI)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", in.URI, cause(err))
	}
	if r.open == nil {
		r.open = map[string]*os.File{}
	}
	r.open[in.URI] = f
	return f, nil
}

// Close closes all files.
func (r *Ranges) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, f := range r.open {
		errs = append(errs, f.Close())
	}
	r.open = nil
	return errors.Join(errs...)
}
