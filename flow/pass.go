package flow

import (
	"bytes"
	"fmt"
)

// rejectHead is how many bytes of a rejected record are kept: enough to know it by, little enough that an input full
// of huge ones fits in memory.
const rejectHead = 64 << 10

// flushAt is how much output a Pass gathers before it hands it on: large enough that a compressor works well, small
// enough to stay in a core's cache.
const flushAt = 64 << 10

// Tally counts what became of a batch's records. In = Out + Rejected, always.
type Tally struct {
	In       int64 `json:"records_in"`  // records read
	Out      int64 `json:"records_out"` // records that are reflected in the results
	Rejected int64 `json:"rejected"`    // records that stand in the rejects instead
	Emitted  int64 `json:"emitted"`     // records written to the results; equal to Out where each makes exactly one
	Lines    int64 `json:"lines"`       // LF bytes in the input, inside quotes too: the measure of line numbers
}

// Add adds o to t.
func (t *Tally) Add(o Tally) {
	t.In += o.In
	t.Out += o.Out
	t.Rejected += o.Rejected
	t.Emitted += o.Emitted
	t.Lines += o.Lines
}

// Reject is a record that is not reflected in the results, and why.
type Reject struct {
	Line   int64  `json:"line"`   // lines before it in the batch
	Offset int64  `json:"offset"` // bytes before it in the batch
	Reason string `json:"reason"`
	Record []byte `json:"record"` // without its line end; its first 64 KiB if it is longer
}

// Limits is what a Pass holds its records to.
type Limits struct {
	Fields     int // fields that a record must have. Defaults to 0, any number
	MaxRecord  int // bytes that a record may have. Defaults to 0, any number
	Partitions int // how many the keys of a flow with keyed stages are split by. Defaults to 1
}

// Pass runs a flow's stages over batches, one after the other, on one slot. It owns its buffers and is not for
// concurrent use.
type Pass struct {
	flow    *Flow
	limits  Limits
	emits   []Emit // emits[i] receives what stage i-1 emits; emits[0] feeds the first stage
	out     []byte
	record  []byte // the input record that is being worked on, without its line end
	eol     []byte // its line end
	mark    int    // length of out when the record began: a rejected record leaves nothing behind
	emitted int64
	refused bool
	tally   Tally
	rejects []Reject
	base    int64  // offset of records in the batch
	records []byte // the stretch of the batch that is being worked on
	rest    []byte // what is still to be read of it
	plain   bool   // it has no quotes: a record ends at the next LF, and its commas are its fields
	counted int    // offset in it up to which tally.Lines has counted

	collector *collector // takes what the records come to, where the flow has a keyed stage; nil otherwise
	unit      int        // how many bytes the keyed stage is at work on
}

// NewPass returns a Pass over f's stages.
func (f *Flow) NewPass(limits Limits) *Pass {
	p := &Pass{flow: f, limits: limits, emits: make([]Emit, len(f.stages)+1)}
	for i := range p.emits {
		p.emits[i] = Emit{pass: p, stage: i}
	}
	if len(f.keyed) > 0 {
		p.collector = newCollector(f.keyed[0], max(limits.Partitions, 1))
	}
	return p
}

// Begin starts a batch.
func (p *Pass) Begin() {
	p.tally, p.rejects, p.base = Tally{}, nil, 0
	if p.collector != nil {
		p.collector.start()
	}
}

// Run processes the next stretch of the batch: whole records, the last of which may lack its line end if it is the
// batch's last. It calls sink with each piece of output, whose memory it uses again, and returns an error only when
// sink did. A flow with a keyed stage gives it nothing: what its records come to is in Entries.
func (p *Pass) Run(records []byte, sink func(out []byte) error) error {
	p.records, p.rest, p.counted, p.out = records, records, 0, p.out[:0]
	p.plain = !p.flow.Source.Quotes(records)
	for len(p.rest) > 0 {
		if p.collector != nil {
			p.window()
			continue
		}
		p.stretch()
		if err := sink(p.out); err != nil {
			return err
		}
		p.out = p.out[:0]
	}
	p.countLines(len(records))
	p.base += int64(len(records))
	return nil
}

// End returns what became of the batch's records.
func (p *Pass) End() (Tally, []Reject) { return p.tally, p.rejects }

// Entries appends to dst[i] what the batch's records add to partition i of the first keyed stage, and returns dst, which
// it makes if it is nil. It is called once, behind the last Run of the batch.
func (p *Pass) Entries(dst [][]byte) [][]byte { return p.collector.entries(dst) }

// stretch processes records until there is enough output to hand on, the batch ends, or one of them panics.
func (p *Pass) stretch() {
	var whole []byte
	defer func() {
		if cause := recover(); cause != nil {
			p.mark = min(p.mark, len(p.out))
			p.refuse(p.record, fmt.Sprintf("panic: %v", cause))
			p.pass(whole)
		}
	}()
	checked := p.limits.Fields > 0 || p.limits.MaxRecord > 0 || p.flow.Source.format == Frames.format
	for len(p.rest) > 0 && len(p.out) < flushAt {
		whole = p.next()
		p.mark, p.emitted, p.refused = len(p.out), p.tally.Emitted, false
		p.tally.In++
		reason := ""
		if checked {
			reason = p.fault(whole)
		}
		if reason == "" {
			p.emits[0].Record(p.record)
		} else {
			p.refuse(p.record, reason)
		}
		if !p.refused {
			p.tally.Out++
		}
		p.pass(whole)
	}
}

// pass moves on behind a record. Where there are no quotes a record is a line, and counting lines costs nothing.
func (p *Pass) pass(whole []byte) {
	if p.plain && len(p.eol) > 0 {
		p.tally.Lines++
	}
	p.rest = p.rest[len(whole):]
}

// next finds the next record and returns it with what stands around it.
func (p *Pass) next() (whole []byte) {
	if p.flow.Source.format == Frames.format {
		whole = frame(p.rest)
		p.record, p.eol = whole[min(frameHead, len(whole)):], lineFeed
		return whole
	}
	whole, eol := p.flow.Source.record(p.rest, p.plain)
	p.record, p.eol = whole[:len(whole)-eol], whole[len(whole)-eol:]
	return whole
}

// fault returns why the record, which was found in whole, cannot be processed at all, or "".
func (p *Pass) fault(whole []byte) string {
	record := p.record
	if p.limits.MaxRecord > 0 && len(record) > p.limits.MaxRecord {
		return TooLong(p.limits.MaxRecord)
	}
	if p.flow.Source.format == Frames.format {
		return frameFault(whole)
	}
	if p.limits.Fields == 0 {
		return ""
	}
	fields, closed := p.flow.Source.countFields(record, p.plain)
	switch {
	case !closed:
		return "quoted field is not closed"
	case fields != p.limits.Fields:
		return wrongFields(fields, p.limits.Fields)
	}
	return ""
}

// wrongFields is the reason given for a ragged record.
func wrongFields(have, want int) string {
	if have == 1 {
		return fmt.Sprintf("1 field, want %d", want)
	}
	return fmt.Sprintf("%d fields, want %d", have, want)
}

// TooLong is the reason given for a record of more than limit bytes.
func TooLong(limit int) string { return fmt.Sprintf("longer than %d bytes", limit) }

// refuse takes back what the current record has emitted and puts it among the rejects.
func (p *Pass) refuse(record []byte, reason string) {
	if p.refused {
		return
	}
	p.refused = true
	p.out, p.tally.Emitted = p.out[:p.mark], p.emitted
	p.tally.Rejected++
	at := len(p.records) - len(p.rest)
	p.countLines(at)
	p.rejects = append(p.rejects, Reject{
		Line: p.tally.Lines, Offset: p.base + int64(at), Reason: reason, Record: bytes.Clone(record[:min(len(record), rejectHead)]),
	})
}

// countLines brings tally.Lines up to the first n bytes of the stretch, where it is not there already.
func (p *Pass) countLines(n int) {
	if !p.plain {
		p.tally.Lines += int64(bytes.Count(p.records[p.counted:n], []byte{'\n'}))
	}
	p.counted = n
}
