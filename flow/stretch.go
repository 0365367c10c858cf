package flow

import "fmt"

// Stretch is a range of a stage's results: what each run has of it.
type Stretch struct{ entries [][]byte }

// stretchKeys is about how many keys a stretch has at most, so that writing one needs little memory.
const stretchKeys = 1 << 16

// Split divides the results in the runs of all partitions into stretches of about the same number of keys, in the order
// of the results: about n, more where they would be large, fewer where there are few keys, none where there are none.
// They share the memory of the runs.
func (k *Keyed) Split(runs [][]byte, n int) ([]Stretch, error) {
	stretches, err := k.split(runs, n)
	if err != nil {
		return nil, fmt.Errorf("results of stage %s: %w", k.name, err)
	}
	return stretches, nil
}

func (k *Keyed) split(bodies [][]byte, n int) ([]Stretch, error) {
	runs, err := openRuns(bodies)
	if err != nil {
		return nil, err
	}
	var samples []ranked
	for _, r := range runs {
		for i := range len(r.samples) / 8 {
			s, _, err := r.sample(i)
			if err != nil {
				return nil, err
			}
			samples = append(samples, s)
		}
	}
	if len(samples) == 0 {
		return nil, nil
	}
	k.sort(samples)
	n = min(max(n, 1, len(samples)*sampleEvery/stretchKeys), len(samples))
	stretches := make([]Stretch, n)
	from := make([]int, len(runs))
	for i := range stretches {
		for j, r := range runs {
			end := len(r.entries)
			if i+1 < n {
				if end, err = r.search(k, &samples[(i+1)*len(samples)/n]); err != nil {
					return nil, err
				}
			}
			if part := r.entries[from[j]:end]; len(part) > 0 {
				stretches[i].entries = append(stretches[i].entries, part)
			}
			from[j] = end
		}
	}
	return stretches, nil
}

// merge calls each with the keys of all entries, in the order of the results, until it returns false.
func (k *Keyed) merge(entries [][]byte, each func(*ranked) (bool, error)) error {
	var readers []reader
	for _, e := range entries {
		r := reader{rest: e}
		if ok, err := r.next(); err != nil {
			return err
		} else if ok {
			readers = append(readers, r)
		}
	}
	heap := make([]*reader, len(readers))
	for i := range readers {
		heap[i] = &readers[i]
	}
	less := func(a, b *reader) bool { return k.compare(&a.ranked, &b.ranked) < 0 }
	for i := len(heap)/2 - 1; i >= 0; i-- {
		siftDown(heap, i, less)
	}
	for len(heap) > 0 {
		if more, err := each(&heap[0].ranked); err != nil || !more {
			return err
		}
		ok, err := heap[0].next()
		if err != nil {
			return err
		}
		if !ok {
			last := len(heap) - 1
			heap[0], heap = heap[last], heap[:last]
		}
		siftDown(heap, 0, less)
	}
	return nil
}

// A reader goes through sorted entries.
type reader struct {
	ranked
	rest []byte
}

// next moves on to the next entry, and returns false behind the last.
func (r *reader) next() (bool, error) {
	if len(r.rest) == 0 {
		return false, nil
	}
	if w, value, size := shortEntry(r.rest); size > 0 {
		r.ranked, r.rest = ranked{head: w.head(), value: value}, r.rest[size:]
		return true, nil
	}
	key, value, size, err := nextEntry(r.rest)
	if err != nil {
		return false, err
	}
	r.ranked, r.rest = rankOf(key, value), r.rest[size:]
	return true, nil
}

// Write merges a stretch and calls write with its results, as lines of CSV, many at once, in memory that it uses again. It
// returns how many lines there are. Stretches may be written at the same time.
func (k *Keyed) Write(s Stretch, write func(lines []byte) error) (rows int64, err error) {
	var out, key []byte
	var failed error
	err = k.merge(s.entries, func(r *ranked) (bool, error) {
		key = r.appendKey(key[:0])
		out = append(k.appendRecord(out, key, r.value), '\n')
		if rows++; len(out) >= flushAt {
			failed, out = write(out), out[:0]
		}
		return failed == nil, nil
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("results of stage %s: %w", k.name, err)
	case failed == nil && len(out) > 0:
		failed = write(out)
	}
	return rows, failed
}

// Summary returns what is to be said of the results at the end, a line each: the number of keys after Groups, the first
// of them after Top.
func (k *Keyed) Summary(bodies [][]byte) ([]string, error) {
	runs, err := openRuns(bodies)
	if err != nil {
		return nil, fmt.Errorf("results of stage %s: %w", k.name, err)
	}
	var lines []string
	if k.groups {
		n := 0
		for _, r := range runs {
			n += r.count
		}
		lines = append(lines, fmt.Sprintf("result: %d", n))
	}
	if k.top == 0 {
		return lines, nil
	}
	entries := make([][]byte, len(runs))
	for i, r := range runs {
		entries[i] = r.entries
	}
	left := k.top
	err = k.merge(entries, func(r *ranked) (bool, error) {
		lines = append(lines, string(k.appendRecord(nil, r.appendKey(nil), r.value)))
		left--
		return left > 0, nil
	})
	if err != nil {
		return nil, fmt.Errorf("results of stage %s: %w", k.name, err)
	}
	return lines, nil
}
