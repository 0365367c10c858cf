package worker

import (
	"bytes"
	"errors"
	"io"

	"flashmob/flow"
)

// guessWindow is how much of a remote CSV is looked at to find the end of a record in it.
const guessWindow = 64 << 10

// guesses is how many windows are looked at before that is given up.
const guesses = 8

// enoughRecords is how many records must be as they should for a guess to be one.
const enoughRecords = 3

// guess finds the end of a record in a window of a CSV, without what stands before. The window begins outside quotes or
// inside; if the records in it all have as many fields as they should on one assumption, and on the other they have not,
// that settles it. What is guessed wrong all the same is found out by the worker that has the batch which ends there.
func guess(source flow.Source, fields int, window []byte) (end int, ok bool) {
	if fields < 2 { // any line is a record of one field
		return 0, false
	}
	outside, fitsOutside := assume(source, fields, window, false)
	inside, fitsInside := assume(source, fields, window, true)
	switch {
	case fitsOutside && !fitsInside:
		return outside, true
	case fitsInside && !fitsOutside:
		return inside, true
	}
	return 0, false
}

// assume returns where the first record ends in a window that begins outside quotes, or inside, and whether the records
// behind it are as they should.
func assume(source flow.Source, fields int, window []byte, quoted bool) (first int, fits bool) {
	cutter := source.Cutter()
	if quoted {
		cutter.Next(source.Quote())
	}
	end, ok := cutter.Next(window)
	if !ok {
		return 0, false
	}
	first = end
	for n := 0; ; n++ {
		size, ok := cutter.Next(window[end:])
		if !ok {
			return first, n >= enoughRecords
		}
		record, _ := splitEnd(window[end:][:size])
		if source.Fields(record) != fields {
			return first, false
		}
		end += size
	}
}

// leapCSV goes straight to the end of a record near where the next slice may end, if one can be made out there.
func (s *slicer) leapCSV(target int64) error {
	if left := s.guessed - s.start; left <= min(target, s.maxRecord) && s.end == s.start && !s.keep { // the input's end is a record's
		s.pos, s.pending, s.kept, s.eof = s.guessed, nil, nil, true
		return nil
	}
	to := s.start + min(target, s.maxRecord/2) - guessWindow
	if s.keep || s.end > s.start || to <= s.pos+int64(len(s.pending)) || to+2*guessWindow >= s.guessed {
		return nil
	}
	window := make([]byte, guessWindow)
	for n := range guesses {
		at := to - int64(n*guessWindow)
		if at <= s.pos+int64(len(s.pending)) {
			break
		}
		if _, err := io.ReadFull(s.replay(at, at+guessWindow), window); err != nil {
			return err
		}
		if end, ok := s.guess(window); ok {
			s.end = at + int64(end)
			s.pos, s.pending, s.kept = s.end, nil, nil
			s.source, s.cutter, s.leapt = s.replay(s.pos, s.guessed), s.fresh(), true
			return nil
		}
	}
	// Everything in between is looked at instead.
	s.source = s.replay(s.pos+int64(len(s.pending)), s.guessed)
	return nil
}

// ErrCut says that a batch does not end where a record does.
var ErrCut = errors.New("a guess where a record ends was wrong")

// ends reports whether a batch that a cutter has seen ends where a record does.
func ends(cutter *flow.Cutter, tail []byte) bool {
	return !cutter.Open() && bytes.HasSuffix(tail, []byte{'\n'})
}
