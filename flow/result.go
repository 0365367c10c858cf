package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A run holds a partition's keys and values in the order of the results:
//
//	8 bytes      how many entries there are, little-endian
//	8 bytes      how many samples
//	the samples  where every sampleEvery-th entry begins, 8 bytes each, counted from the first entry
//	the entries
const sampleEvery = 256

// errNoRun says that something is not what Run appends.
var errNoRun = errors.New("not a run")

// Run appends the partition's keys and values to dst, in the order of the results, for Split and Summary. A stage that
// puts out results on each update has nothing left for the end: its runs are empty.
func (s *State) Run(dst []byte) []byte {
	o := newOrdering(s.table.used)
	defer o.done()
	for i := range s.table.slots {
		if slot := &s.table.slots[i]; slot.hi != 0 {
			o.all = append(o.all, s.table.rank(slot))
		}
	}
	all := o.all
	samples := (len(all) + sampleEvery - 1) / sampleEvery
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(all)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(samples))
	index := len(dst)
	dst = slices.Grow(dst, 8*samples+24*len(all))[:index+8*samples]
	first := len(dst)
	for i, place := range s.keyed.order(o) {
		if i%sampleEvery == 0 {
			binary.LittleEndian.PutUint64(dst[index+i/sampleEvery*8:], uint64(len(dst)-first))
		}
		dst = all[place.at].appendEntry(dst)
	}
	return dst
}

// A run is one that has been taken apart.
type run struct {
	count   int
	samples []byte
	entries []byte
}

// openRun takes a run apart.
func openRun(b []byte) (run, error) {
	if len(b) < 16 {
		return run{}, errNoRun
	}
	n, samples := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	b = b[16:]
	if samples > uint64(len(b)/8) || n > uint64(len(b)) || samples != (n+sampleEvery-1)/sampleEvery {
		return run{}, errNoRun
	}
	return run{int(n), b[:8*samples], b[8*samples:]}, nil
}

// openRuns takes all of them apart.
func openRuns(bodies [][]byte) ([]run, error) {
	runs := make([]run, len(bodies))
	for i, body := range bodies {
		var err error
		if runs[i], err = openRun(body); err != nil {
			return nil, fmt.Errorf("run %d of %d: %w", i+1, len(bodies), err)
		}
	}
	return runs, nil
}

// sample returns the entry that sample i points at and where it begins.
func (r run) sample(i int) (ranked, int, error) {
	at := binary.LittleEndian.Uint64(r.samples[8*i:])
	if at > uint64(len(r.entries)) {
		return ranked{}, 0, errNoRun
	}
	key, value, _, err := nextEntry(r.entries[at:])
	return rankOf(key, value), int(at), err
}

// search returns where the first entry begins that is not before border in the order of the results.
func (r run) search(k *Keyed, border *ranked) (int, error) {
	low, high, at := 0, len(r.samples)/8, 0 // the samples below low are before border, those from high on are not
	for low < high {
		middle := (low + high) / 2
		s, start, err := r.sample(middle)
		if err != nil {
			return 0, err
		}
		if k.compare(&s, border) < 0 {
			low, at = middle+1, start
		} else {
			high = middle
		}
	}
	for at < len(r.entries) {
		key, value, size, err := nextEntry(r.entries[at:])
		if err != nil {
			return 0, err
		}
		if e := rankOf(key, value); k.compare(&e, border) >= 0 {
			break
		}
		at += size
	}
	return at, nil
}
