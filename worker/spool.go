package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"flashmob/input"
)

// spool brings a run's inputs to this host's disk as fast as the operator's link carries them, so that the operator need
// not stay for as long as the work takes. What has come can be read meanwhile.
type spool struct {
	dir    string
	inputs []input.Input

	mu    sync.Mutex
	have  []int64       // bytes of each input that are here
	whole int           // the inputs before this one are here to their ends
	moved chan struct{} // closed and replaced whenever there is more
}

func newSpool(dir string, inputs []input.Input) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &spool{dir: dir, inputs: inputs, have: make([]int64, len(inputs)), moved: make(chan struct{})}
	for i := range inputs {
		file, err := os.OpenFile(s.path(i), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
		there, err := file.Stat()
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
		s.have[i] = there.Size() // of a process that crashed
	}
	return s, nil
}

func (s *spool) path(i int) string { return filepath.Join(s.dir, strconv.Itoa(i)) }

// end is the file that says that an input is here to its end.
func (s *spool) end(i int) string { return s.path(i) + ".whole" }

// full reports whether all inputs are here. Generated ones need not be brought.
func (s *spool) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whole == len(s.inputs)
}

func (s *spool) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.moved)
	s.moved = make(chan struct{})
}

// run brings the inputs, one after the other, through uplink, until all are here or ctx ends.
func (s *spool) run(ctx context.Context, uplink Uplink, in *Initializer) error {
	for i := range s.inputs {
		_, missing := os.Stat(s.end(i))
		if !s.inputs[i].IsGenerated() && !s.inputs[i].IsRemote() && missing != nil {
			err := s.bring(ctx, i, &uplinked{ctx: ctx, open: uplink, i: i, in: s.inputs[i], log: in.Log, offset: s.have[i]})
			if err == nil {
				err = os.WriteFile(s.end(i), nil, 0o600)
			}
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return fmt.Errorf("spool input %s: %w", s.inputs[i].URI, err)
			}
		}
		s.change(func() { s.whole++ })
	}
	return nil
}

func (s *spool) bring(ctx context.Context, i int, source io.ReadCloser) (err error) {
	file, err := os.OpenFile(s.path(i), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	patient := &abandonable{ctx: ctx, source: source}
	defer func() { err = errors.Join(err, file.Close(), patient.Close()) }()
	block := make([]byte, maxBlock)
	for {
		n, err := patient.Read(block)
		if n > 0 {
			if _, err := file.Write(block[:n]); err != nil {
				return err
			}
			s.change(func() { s.have[i] += int64(n) })
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// open is an Uplink that reads what the spool has, waiting for what it does not have yet.
func (s *spool) open(ctx context.Context, i int, _ input.Input, offset int64) (io.ReadCloser, error) {
	file, err := os.Open(s.path(i))
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return &spooled{File: file, ctx: ctx, spool: s, i: i, at: offset}, nil
}

// spooled reads one input of a spool.
type spooled struct {
	*os.File
	ctx   context.Context // of one input being read: as long as the reader lives
	spool *spool
	i     int
	at    int64
}

func (r *spooled) Read(p []byte) (int, error) {
	for {
		r.spool.mu.Lock()
		have, whole, moved := r.spool.have[r.i], r.spool.whole > r.i, r.spool.moved
		r.spool.mu.Unlock()
		switch {
		case r.at < have:
			n, err := r.File.ReadAt(p[:min(int64(len(p)), have-r.at)], r.at)
			r.at += int64(n)
			return n, err
		case whole:
			return 0, io.EOF
		}
		select {
		case <-moved:
		case <-r.ctx.Done():
			return 0, context.Cause(r.ctx)
		}
	}
}
