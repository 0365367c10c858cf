package worker

import (
	"bytes"
	"io"
	"time"

	"github.com/cespare/xxhash/v2"

	"flashmob/flow"
)

// slice is a stretch of an input: whole records, or one giant.
type slice struct {
	offset, length int64
	data           []byte // its bytes, where the slicer keeps them; of a giant only the head
	giant          *Giant
}

// slicer cuts an input into slices of whole records, reading it once from front to back in bounded memory.
type slicer struct {
	source    io.Reader
	replay    func(from, to int64) io.Reader // reads again what is not kept; nil where all is kept
	soon      func() bool                    // reports whether source has more before long; nil where waiting for it costs nothing
	leaps     int64                          // size of the input, where not everything in it must be looked at; else 0
	align     func(int64) int64              // moves up an offset to where reading may begin without reading what stands before; nil where that may be anywhere
	guessed   int64                          // size of a CSV in which the ends of records are guessed; else 0
	guess     func(window []byte) (int, bool)
	fresh     func() *flow.Cutter
	cutter    *flow.Cutter
	maxRecord int64

	start   int64  // of the next slice
	end     int64  // of the last whole record seen
	pos     int64  // everything before it has been looked at
	kept    []byte // the bytes [start, pos), where replay is nil or keep is set
	keep    bool
	count   int    // records in [start, end), where they are counted
	pending []byte // read, but not looked at
	block   []byte // what pending lies in
	eof     bool
	wall    int64 // the input counts as ended there; 0 for no such place
	leapt   bool  // [end, pos) was not looked at
}

const (
	minBlock  = 4 << 10
	maxBlock  = 256 << 10
	giantHead = 64 << 10 // how much of a giant goes to the rejects
)

// next returns the next slice: exactly rows records if rows is positive, else about target bytes. It returns io.EOF
// behind the last.
func (s *slicer) next(target int64, rows int) (slice, error) {
	if rows <= 0 && target > 0 && s.align != nil { // the end of a record is looked for behind that place
		if end := s.align(s.start + target); end > s.start+target {
			target = end - s.start + guessWindow
		}
	}
	if rows <= 0 && s.guessed > 0 {
		if err := s.leapCSV(target); err != nil {
			return slice{}, err
		}
	} else if rows <= 0 {
		s.leap(target)
	}
	var begun time.Time // when the first of it came
	for {
		whole := s.end > s.start
		switch {
		case whole && rows > 0 && s.count >= rows, whole && rows <= 0 && (s.pos-s.start >= target || s.leapt):
			return s.take(s.end), nil
		case whole && s.soon != nil && !s.eof && len(s.pending) == 0 && (time.Since(begun) > streamMost || !s.soon()):
			return s.take(s.end), nil
		case s.pos-s.end > s.maxRecord && whole:
			return s.take(s.end), nil
		case s.pos-s.end > s.maxRecord && s.leapt:
			s.goTo(s.start)
			continue
		case s.pos-s.end > s.maxRecord:
			return s.giant()
		case s.eof && len(s.pending) > 0: // the last read may have brought a byte or two
		case s.eof && s.pos > s.start:
			return s.take(s.pos), nil
		case s.eof:
			return slice{}, io.EOF
		}
		if err := s.look(target-(s.pos-s.start), rows > 0); err != nil {
			return slice{}, err
		}
		if begun.IsZero() {
			begun = time.Now()
		}
	}
}

// leap goes straight to where the next slice may end, if what lies between need not be looked at. Where no record ends
// near there, next goes back.
func (s *slicer) leap(target int64) {
	to := s.start + min(target, s.maxRecord/2) - minBlock
	if s.keep || s.end > s.start || to <= s.pos+int64(len(s.pending)) || to+minBlock >= s.leaps || s.wall > 0 && to+minBlock >= s.wall {
		return
	}
	s.goTo(to)
	s.leapt = true
}

// goTo goes on looking at an offset, behind which nothing has been found.
func (s *slicer) goTo(offset int64) {
	s.source = s.replay(offset, s.leaps)
	s.pos, s.pending, s.kept, s.leapt, s.eof = offset, nil, nil, false, false
}

// look takes in one more block, of which no more than want bytes are wanted: up to the first record's end if one is set, or
// if there is enough already but for that.
func (s *slicer) look(want int64, one bool) error {
	if err := s.fill(want); err != nil || len(s.pending) == 0 {
		return err
	}
	used := int(min(int64(len(s.pending)), want))
	if one || want <= 0 {
		n, ok := s.cutter.Next(s.pending)
		if used = n; ok {
			s.end = s.pos + int64(n)
			s.count++
		}
	} else if last := s.cutter.Last(s.pending[:used]); last > 0 {
		s.end = s.pos + int64(last)
	}
	s.consume(used)
	return nil
}

// fill sees to it that something is pending, unless the input is at its end.
func (s *slicer) fill(want int64) error {
	if len(s.pending) > 0 || s.eof {
		return nil
	}
	if s.block == nil {
		s.block = make([]byte, maxBlock)
	}
	size := min(max(want, minBlock), maxBlock)
	if s.wall > 0 {
		if size = min(size, s.wall-s.pos); size == 0 {
			s.eof = true
			return nil
		}
	}
	// At least so much that a byte order mark is seen whole; no more, for a pipe may have no more for a long time.
	n, err := io.ReadAtLeast(s.source, s.block[:size], min(len(byteOrderMark), int(size)))
	s.pending = s.block[:n]
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		s.eof, err = true, nil
	}
	return err
}

// consume moves the first n pending bytes behind pos.
func (s *slicer) consume(n int) {
	if s.replay == nil || s.keep {
		s.kept = append(s.kept, s.pending[:n]...)
	}
	s.pending = s.pending[n:]
	s.pos += int64(n)
	if s.eof && len(s.pending) == 0 && s.pos > s.end {
		s.count++ // the last record may do without a line end
	}
}

// first returns the first record of the input as a slice with its bytes, be they kept later or not. A byte order mark
// in front of it belongs to the slice, but not to the record.
func (s *slicer) first() (slice, error) {
	s.keep = true
	defer func() { s.keep = false }()
	if err := s.fill(minBlock); err != nil {
		return slice{}, err
	}
	if bom, _ := splitBOM(s.pending); bom != nil {
		s.consume(len(bom))
	}
	return s.next(0, 1)
}

// atEnd reports whether nothing follows the slice that was taken last. It waits for what may follow.
func (s *slicer) atEnd() (bool, error) {
	if s.pos > s.start {
		return false, nil
	}
	err := s.fill(minBlock)
	return s.eof && len(s.pending) == 0, err
}

// take returns [start, end) as a slice.
func (s *slicer) take(end int64) slice {
	got := slice{offset: s.start, length: end - s.start}
	if s.replay == nil || s.keep {
		got.data, s.kept = s.kept[:got.length:got.length], bytes.Clone(s.kept[got.length:])
	} else {
		s.kept = nil
	}
	s.start, s.end, s.count, s.leapt = end, max(end, s.end), 0, false
	return got
}

// unread puts back the slice that was taken last: one record, with its bytes.
func (s *slicer) unread(last slice) {
	s.start, s.count = last.offset, 1
	s.kept = append(last.data, s.kept...)
}

// skip moves over the first n bytes of the input, which end at a record's end, and returns their hash.
func (s *slicer) skip(n int64) (hash uint64, err error) {
	h := xxhash.New()
	known := min(n, int64(len(s.kept)))
	h.Write(s.kept[:known])
	s.kept = s.kept[known:]
	for n -= known; n > 0; {
		if err := s.fill(n); err != nil {
			return 0, err
		}
		if len(s.pending) == 0 {
			return h.Sum64(), io.ErrUnexpectedEOF
		}
		step := min(n, int64(len(s.pending)))
		h.Write(s.pending[:step])
		s.pending = s.pending[step:]
		s.pos += step
		n -= step
	}
	s.start, s.end, s.count, s.kept = s.pos, s.pos, 0, s.kept[:0]
	return h.Sum64(), nil
}

// giant returns the slice of the record that begins at start and is longer than allowed, of which it keeps the head.
func (s *slicer) giant() (slice, error) {
	g, h := &Giant{}, xxhash.New()
	var head []byte
	taste := func(b []byte) {
		h.Write(b)
		g.Lines += int64(countLines(b))
		head = append(head, b[:min(len(b), giantHead-len(head))]...)
	}
	if s.replay == nil || s.keep {
		taste(s.kept)
	} else if err := each(s.replay(s.start, s.pos), taste); err != nil {
		return slice{}, err
	}
	for ended := false; !ended; {
		if err := s.fill(maxBlock); err != nil {
			return slice{}, err
		}
		if len(s.pending) == 0 {
			break
		}
		n, ok := s.cutter.Next(s.pending)
		taste(s.pending[:n])
		s.pending = s.pending[n:]
		s.pos += int64(n)
		ended = ok
	}
	got := slice{offset: s.start, length: s.pos - s.start, giant: g, data: head}
	g.Hash = hexHash(h.Sum64())
	s.start, s.end, s.count, s.kept = s.pos, s.pos, 0, s.kept[:0]
	return got, nil
}

// each calls f with everything that r has, block by block.
func each(r io.Reader, f func([]byte)) error {
	block := make([]byte, maxBlock)
	for {
		n, err := r.Read(block)
		f(block[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
