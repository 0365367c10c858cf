package flow

// Emit takes what a stage makes of a record. It belongs to one call of the stage and is not to be kept.
type Emit struct {
	pass  *Pass
	stage int    // the stage that gets what is emitted here
	buf   []byte // the widened record of a column stage that is not the last
}

// Record emits one record, without a line end: it gets the line end of the record that it came from.
func (e *Emit) Record(record []byte) {
	p := e.pass
	if p.refused {
		return
	}
	if e.stage == len(p.flow.stages) {
		if p.collector != nil {
			p.flow.keyed[0].collect(record, p.collector)
			return
		}
		p.out = append(append(p.out, record...), p.eol...)
		p.tally.Emitted++
		return
	}
	p.flow.stages[e.stage].apply(record, &p.emits[e.stage+1])
}

// Reject sends the input record that is being worked on to the rejects, with the reason. Whatever was or will be
// emitted for it, by this stage or another, is dropped.
func (e *Emit) Reject(reason string) {
	p := e.pass
	p.refuse(p.record, reason)
}

// last reports whether what is emitted here is a result.
func (e *Emit) last() bool { return e.stage == len(e.pass.flow.stages) && e.pass.collector == nil }
