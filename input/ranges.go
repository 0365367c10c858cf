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
}

// ErrShrank says that a file ends before a range that it had when the run began.
var ErrShrank = errors.New("shrank while it was read")

// Open returns the bytes [from, to) of an input, to be read once: of a remote one with a single request.
func (r *Ranges) Open(in Input, from, to int64) io.ReadCloser {
	if in.IsRemote() {
		return &object{in: in, at: from, to: to}
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
