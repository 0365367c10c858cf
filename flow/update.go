package flow

import (
	"encoding/binary"
	"fmt"
)

// Update is what an UpdateFunc gets, for the one call.
type Update struct {
	Key, Value []byte // not to be kept or changed
	out        []byte
	place      uint64
}

// Emit puts out one line, given without a line end. It keeps no part of it.
func (u *Update) Emit(line []byte) {
	u.out = binary.AppendUvarint(u.out, u.place)
	u.out = binary.AppendUvarint(u.out, uint64(len(line)+1))
	u.out = append(append(u.out, line...), '\n')
}

// applyUpdates calls the stage's function for each update of a segment, in order.
func (s *State) applyUpdates(segment, out []byte) ([]byte, error) {
	u := &s.call
	u.out = out
	for len(segment) > 0 {
		var err error
		if u.place, u.Key, u.Value, segment, err = nextUpdate(segment); err != nil {
			return out, err
		}
		if s.keyed.partition(u.Key, s.partitions) != s.partition {
			return out, fmt.Errorf("%w: %q", errForeign, u.Key)
		}
		s.cells[string(u.Key)] = s.keyed.update(s.cells[string(u.Key)], u)
	}
	out, u.out = u.out, nil
	return out, nil
}

// nextUpdate reads an update from the front of b and returns what is behind it.
func nextUpdate(b []byte) (place uint64, key, value, rest []byte, err error) {
	if place, rest, err = nextNumber(b); err == nil {
		if key, rest, err = nextText(rest); err == nil {
			value, rest, err = nextText(rest)
		}
	}
	return place, key, value, rest, err
}

// snapshotCells appends the states of all keys.
func (s *State) snapshotCells(dst []byte) []byte {
	for key, state := range s.cells {
		dst = append(binary.AppendUvarint(dst, uint64(len(key))), key...)
		dst = append(binary.AppendUvarint(dst, uint64(len(state))), state...)
	}
	return dst
}

// restoreCells reads what snapshotCells wrote.
func (s *State) restoreCells(snapshot []byte) error {
	for len(snapshot) > 0 {
		key, rest, err := nextText(snapshot)
		if err != nil {
			return err
		}
		state, rest, err := nextText(rest)
		if err != nil {
			return err
		}
		s.cells[string(key)] = append([]byte(nil), state...)
		snapshot = rest
	}
	return nil
}

// MergeUpdates calls write with every line that the partitions put out for one batch, line end included, in the order
// of the input. bodies are what Apply appended, one of each partition, in any order.
func MergeUpdates(bodies [][]byte, write func(line []byte) error) error {
	type reader struct {
		place      uint64
		line, rest []byte
	}
	next := func(body []byte) (r reader, err error) {
		if r.place, r.rest, err = nextNumber(body); err == nil {
			r.line, r.rest, err = nextText(r.rest)
		}
		return r, err
	}
	var readers []reader
	for _, body := range bodies {
		if len(body) > 0 {
			r, err := next(body)
			if err != nil {
				return fmt.Errorf("merge updates: %w", err)
			}
			readers = append(readers, r)
		}
	}
	less := func(a, b reader) bool { return a.place < b.place }
	for i := len(readers)/2 - 1; i >= 0; i-- {
		siftDown(readers, i, less)
	}
	for len(readers) > 0 {
		first := &readers[0]
		if err := write(first.line); err != nil {
			return err
		}
		if len(first.rest) > 0 {
			r, err := next(first.rest)
			if err != nil {
				return fmt.Errorf("merge updates: %w", err)
			}
			*first = r
		} else {
			last := len(readers) - 1
			readers[0], readers = readers[last], readers[:last]
		}
		siftDown(readers, 0, less)
	}
	return nil
}

// siftDown moves element i of a heap down to where it belongs.
func siftDown[T any](heap []T, i int, less func(a, b T) bool) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && less(heap[child+1], heap[child]) {
			child++
		}
		if !less(heap[child], heap[i]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}
