package flow

import (
	"bytes"
	"fmt"
)

// windowBytes is how much input a window covers: large enough that opening and closing one costs nothing, small enough
// that the keys in it fit a core's cache.
const windowBytes = 128 << 10

// window processes a window of records for a keyed stage. Where a record fails that has already added something, all of
// the window is taken back and processed again up to that record, each record in a window of its own. So what is rare is
// paid for only where it happens.
func (p *Pass) window() {
	rest, counted, tally, rejects := p.rest, p.counted, p.tally, len(p.rejects)
	if p.collected() {
		p.collector.commit()
		return
	}
	left := len(p.rest) - p.unit
	again := func() {
		p.rest, p.counted, p.tally, p.rejects = rest, counted, tally, p.rejects[:rejects]
	}
	again()
	p.collector.undoWith(func() { p.collected() })
	again()
	large := p.collector.window
	p.collector.careful = true
	p.collector.rollback()
	p.collector.window = table{} // a small one, for it is gone through after every record
	p.collector.begin()
	for len(p.rest) > left {
		if p.careful() {
			p.collector.commit()
		} else {
			p.collector.rollback()
		}
	}
	p.collector.window, p.collector.careful = large, false
	p.collector.begin()
}

// collected processes one window and returns false when it must be taken back.
func (p *Pass) collected() (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false // the record is found, and its panic reported, in the second go
		}
	}()
	stretches := p.inStretches()
	for begun := len(p.rest); len(p.rest) > 0 && begun-len(p.rest) < windowBytes; {
		if stretches {
			if n := bytes.LastIndexByte(p.rest[:min(len(p.rest), longLine)], '\n') + 1; n > 0 {
				p.unit = n
				p.flow.keyed[0].collect(p.rest[:n], p.collector)
				if p.collector.refused {
					return false
				}
				lines := int64(bytes.Count(p.rest[:n], []byte{'\n'}))
				p.tally.In += lines
				p.tally.Out += lines
				p.tally.Lines += lines
				p.rest = p.rest[n:]
				continue
			}
		}
		before := p.collector.adds
		if !p.one() && p.collector.adds > before {
			return false
		}
		p.collector.refused = false
		p.done()
	}
	return true
}

// inStretches reports whether the keyed stage gets many records at once: directly behind Text, unless a record may be
// so short that every line has to be looked at.
func (p *Pass) inStretches() bool {
	return p.flow.Source.format == Text.format && len(p.flow.stages) == 0 &&
		(p.limits.MaxRecord == 0 || p.limits.MaxRecord >= longLine)
}

// careful processes one record in a window of its own and returns whether it is accepted.
func (p *Pass) careful() (ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			p.refuse(p.record, fmt.Sprintf("panic: %v", cause))
			ok = false
		}
		p.done()
	}()
	return p.one()
}

// one hands the next record to the stages and returns whether it is accepted.
func (p *Pass) one() bool {
	whole := p.next()
	p.unit = len(whole)
	p.emitted, p.refused = p.tally.Emitted, false
	p.tally.In++
	if reason := p.fault(whole); reason != "" {
		p.refuse(p.record, reason)
		return false
	}
	switch {
	case len(p.flow.stages) > 0:
		p.emits[0].Record(p.record)
	case p.flow.Source.format == Text.format:
		p.flow.keyed[0].collect(whole, p.collector)
	default:
		p.flow.keyed[0].collect(p.record, p.collector)
	}
	if p.collector.refused {
		p.refuse(p.record, p.collector.reason)
	}
	return !p.refused
}

// done moves on behind the record that one was given.
func (p *Pass) done() {
	if !p.refused {
		p.tally.Out++
	}
	p.pass(p.rest[:p.unit])
}
