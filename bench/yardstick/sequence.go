package main

import (
	"io"
	"sync"
)

// A sequence writes members in their order. Whoever brings the member that is due writes it and those that waited
// behind it; the others leave theirs and go on working.
type sequence struct {
	mu      sync.Mutex
	out     io.Writer
	due     int64
	waiting map[int64][]byte
	spares  [][]byte // written members, to be filled again
}

func newSequence(out io.Writer) *sequence {
	return &sequence{out: out, waiting: map[int64][]byte{}}
}

// spare returns memory for the next member, nil at first.
func (s *sequence) spare() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spares) == 0 {
		return nil
	}
	last := len(s.spares) - 1
	member := s.spares[last]
	s.spares = s.spares[:last]
	return member
}

// put takes member n over and writes what is due.
func (s *sequence) put(n int64, member []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[n] = member
	for {
		member, ok := s.waiting[s.due]
		if !ok {
			return nil
		}
		if _, err := s.out.Write(member); err != nil {
			return err
		}
		delete(s.waiting, s.due)
		s.spares = append(s.spares, member)
		s.due++
	}
}
