package worker

import (
	"bytes"
	"io"

	"flashmob/manifest"
)

// past is what earlier sittings did of an input, in the order of the input, from where the feeder is on. It is followed where
// results have no order: then it may leave gaps.
type past []manifest.Part

// past returns what earlier sittings did of an input, where that may leave gaps.
func (f *feeder) past(i int) past {
	if !f.run.Unordered() {
		return nil
	}
	return manifest.InInputOrder(f.done, i)
}

// has reports whether earlier sittings did what begins at an offset; where results have the order of the input, all in front
// of what they did was done, too.
func (f *feeder) has(i int, offset int64) bool {
	if !f.run.Unordered() {
		return f.begun(i)
	}
	for _, part := range f.done {
		if part.Input == i && part.Offset == offset && part.Length > 0 {
			return true
		}
	}
	return false
}

// leave drops what lies before an offset, and what begins at it, and returns where the next gap begins.
func (p *past) leave(at int64) int64 {
	for len(*p) > 0 && (*p)[0].Offset <= at {
		at = max(at, (*p)[0].End())
		*p = (*p)[1:]
	}
	return at
}

// skip moves s over what earlier sittings did next, and lets it end before what they did after the gap that follows. It
// returns that.
func (f *feeder) skip(i int, s *slicer, done past) (past, error) {
	if done == nil {
		return nil, nil
	}
	for len(done) > 0 && done[0].Offset <= s.start {
		if done[0].Offset == s.start { // else a feeder before this one was behind it
			s.stopAt(0)
			if err := f.skipPart(s, done[0]); err != nil {
				return nil, err
			}
		}
		done = done[1:]
	}
	if len(done) == 0 {
		s.stopAt(0)
		return past{}, nil
	}
	s.stopAt(done[0].Offset)
	return done, nil
}

// stopAt makes an input end at an offset at which a record begins, for as long as it is not told another; 0 for its own end.
// Nothing behind the offset may have been looked at.
func (s *slicer) stopAt(wall int64) {
	if wall == s.wall {
		return
	}
	s.wall = wall
	if wall == 0 {
		s.eof = false // reading on tells
		return
	}
	if ahead := wall - s.pos; ahead < int64(len(s.pending)) {
		s.source = io.MultiReader(bytes.NewReader(bytes.Clone(s.pending[ahead:])), s.source)
		s.pending, s.eof = s.pending[:ahead], false
	}
}
