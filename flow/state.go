package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// State is one partition of a keyed stage: its keys and what became of the values that were added to them. It is a fold
// over the segments that were applied to it, so whoever applies the same segments has the same state. Not for
// concurrent use.
type State struct {
	keyed      *Keyed
	partition  int
	partitions int
	table      table
	cells      map[string][]byte // of an update stage, instead of the table
	call       Update
}

// NewState returns the empty state of one partition of so many.
func (k *Keyed) NewState(partition, partitions int) *State {
	s := &State{keyed: k, partition: partition, partitions: partitions}
	if k.op == update {
		s.cells = map[string][]byte{}
	}
	return s
}

// errForeign says that a segment holds a key of another partition.
var errForeign = errors.New("a key of another partition")

// Apply folds a segment into the state. A stage that puts out results on each update appends them to out, for
// MergeUpdates; others return out as it is. Segments of an update stage are applied in the order of the input, those of
// others in any. After an error (the segment is torn or another partition's, a sum is too large) the state is of no use.
func (s *State) Apply(segment, out []byte) ([]byte, error) {
	var err error
	if s.keyed.op == update {
		out, err = s.applyUpdates(segment, out)
	} else {
		err = s.combine(segment)
	}
	if err != nil {
		return out, fmt.Errorf("stage %s, partition %d: %w", s.keyed.name, s.partition, err)
	}
	return out, nil
}

// combine applies the segment of a combining stage.
func (s *State) combine(segment []byte) error {
	rest, err := segment, error(nil)
	if s.keyed.op == count || s.keyed.op == sum {
		if rest, err = s.addShort(segment); err != nil {
			return err
		}
	}
	for len(rest) > 0 {
		key, value, size, err := nextEntry(rest)
		if err != nil {
			return err
		}
		if err := s.combineOne(key, value); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}

// addShort adds up the entries that most segments are full of: short keys, values of up to 8 bytes. It returns what is
// left of the segment from the first entry that is none of these, or so near to the end that reading 32 bytes at once
// would go beyond it.
func (s *State) addShort(segment []byte) (rest []byte, err error) {
	t := &s.table
	declared, wrong := s.keyed.declared != nil, false
	var overflow int64
	for len(segment) >= entryRoom {
		b := segment[:entryRoom]
		n, width := int(b[0]&15), int(b[0]>>4)
		if n == keyFollows || uint(width-1) > 7 {
			break
		}
		w := word{
			binary.LittleEndian.Uint64(b[1:]) & lows[n],
			binary.LittleEndian.Uint64(b[9:])&highs[n] | uint64(n+1)<<tagAt,
		}
		shift := uint(64 - 8*width)
		value := int64(binary.LittleEndian.Uint64(b[1+n:])<<shift) >> shift
		segment = segment[1+n+width:]

		hash := w.hash()
		wrong = wrong || !declared && partitionOf(hash, s.partitions) != s.partition
		to := t.at(w, hash)
		if to.hi == 0 {
			to.word = w
			t.used++
		}
		lo := to.value.lo + uint64(value)
		hi := to.value.hi + value>>63
		if lo < uint64(value) {
			hi++
		}
		overflow |= (to.value.hi ^ hi) & (value>>63 ^ hi)
		to.value = Decimal{hi, lo}
	}
	switch {
	case overflow < 0:
		return nil, errOverflows
	case wrong:
		return nil, errForeign
	}
	return segment, nil
}

// combineOne folds one value into its key.
func (s *State) combineOne(key []byte, value Decimal) error {
	hash := hashOf(key)
	if s.keyed.partition(key, s.partitions) != s.partition {
		return fmt.Errorf("%w: %q", errForeign, key)
	}
	to, added := s.table.enter(key, hash)
	if added {
		to.value = value
	} else if !s.keyed.op.fold(&to.value, value) {
		return fmt.Errorf("key %q: %w", key, errOverflows)
	}
	return nil
}

// enter returns the slot of any key, and whether it is new.
func (t *table) enter(key []byte, hash uint64) (s *slot, added bool) {
	if len(key) > inWord {
		return t.atLong(key, hash)
	}
	w := wordOf(key)
	if s = t.at(w, hash); s.hi != 0 {
		return s, false
	}
	s.word = w
	t.used++
	return s, true
}

// Len returns how many keys the partition has.
func (s *State) Len() int {
	if s.keyed.op == update {
		return len(s.cells)
	}
	return s.table.used
}

// Snapshot appends the state to dst, for Restore.
func (s *State) Snapshot(dst []byte) []byte {
	if s.keyed.op == update {
		return s.snapshotCells(dst)
	}
	for i := range s.table.slots {
		if slot := &s.table.slots[i]; slot.hi != 0 {
			dst = s.table.appendEntry(dst, slot)
		}
	}
	return dst
}

// Restore returns the state that a snapshot holds.
func (k *Keyed) Restore(partition, partitions int, snapshot []byte) (*State, error) {
	s := k.NewState(partition, partitions)
	var err error
	if k.op == update {
		err = s.restoreCells(snapshot)
	} else {
		err = s.combine(snapshot)
	}
	if err != nil {
		return nil, fmt.Errorf("restore stage %s, partition %d: %w", k.name, partition, err)
	}
	return s, nil
}

// Forward hands the partition's keys and values to the following stage, as records of two fields, and appends to dst[i]
// what that stage makes of them for its partition i. A record that the stage refuses is an error: it has no place in
// the input that could be named among the rejects.
func (s *State) Forward(next *Keyed, partitions int, dst [][]byte) (_ [][]byte, err error) {
	c := newCollector(next, partitions)
	c.start()
	var key, record []byte
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("stage %s: panic: %v: %q", next.name, cause, record)
		}
	}()
	for i := range s.table.slots {
		slot := &s.table.slots[i]
		if slot.hi == 0 {
			continue
		}
		key = s.table.key(key[:0], slot)
		record = s.keyed.appendRecord(record[:0], key, slot.value)
		if next.collect(record, c); c.refused {
			return nil, fmt.Errorf("stage %s: %s: %q", next.name, c.reason, record)
		}
		if c.adds >= sampled {
			c.commit()
		}
	}
	return c.entries(dst), nil
}

// appendRecord appends key and value as a record of CSV, without a line end.
func (k *Keyed) appendRecord(dst, key []byte, value Decimal) []byte {
	dst = append(AppendField(dst, key, ','), ',')
	if k.op == count {
		return value.appendCount(dst)
	}
	return value.Append(dst)
}
