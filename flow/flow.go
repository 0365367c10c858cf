package flow

import "fmt"

// Flow is an application: a source and the stages that its records pass through. Build it with New and the methods
// that add stages; after that it is read-only and may be used by any number of slots at once.
type Flow struct {
	Name      string
	Source    Source
	Generator *Generator // makes input where there is none; nil when the application has no generator
	stages    []stage
	keyed     []*Keyed // behind the stages
	operator  *opening // in place of stages; nil for none
}

// A stage is one step of the flow. apply is called concurrently from many slots; record is valid only during the call.
type stage interface {
	name() string
	header(h []byte, comma byte) []byte
	apply(record []byte, emit *Emit)
}

// New begins a flow that reads records from source.
func New(name string, source Source) *Flow {
	return &Flow{Name: name, Source: source}
}

// ColumnFunc computes one value from a record and appends it to dst, which it returns. The record comes without its
// line end and must not be kept or changed. What lies between len(dst) and cap(dst) is free scratch space. The value
// must be fit for CSV as it stands; AppendField quotes one where needed. An error sends the record to the rejects,
// with the error's text as the reason.
type ColumnFunc func(dst, record []byte) ([]byte, error)

// Column adds a stage that keeps every record as it is and appends one field to it. The header, where there is one,
// gains name.
func (f *Flow) Column(name string, fn ColumnFunc) *Flow {
	return f.addStage(column{title: name, fn: fn})
}

// addStage appends a stage without state. Behind a keyed stage there are only others: anything else is a mistake in the
// program, so it panics.
func (f *Flow) addStage(s stage) *Flow {
	if len(f.keyed) > 0 || f.operator != nil {
		panic(fmt.Sprintf("flow %s: stage %s stands behind a keyed one or an operator", f.Name, s.name()))
	}
	f.stages = append(f.stages, s)
	return f
}

// MapFunc turns a record into any number of records, through emit. The record comes without its line end and must
// not be kept or changed.
type MapFunc func(record []byte, emit *Emit)

// Map adds a stage that replaces every record by what fn emits for it. The header, where there is one, stays.
func (f *Flow) Map(name string, fn MapFunc) *Flow {
	return f.addStage(mapper{title: name, fn: fn})
}

// Header returns the result's header line for the input's header line h, without line ends. The results of a flow with
// keyed stages have the last one's Title instead, whatever the input has.
func (f *Flow) Header(h []byte) []byte {
	for _, s := range f.stages {
		h = s.header(h, f.Source.comma)
	}
	return h
}

// Stages returns the names of the stages, in order.
func (f *Flow) Stages() []string {
	var names []string
	for _, s := range f.stages {
		names = append(names, s.name())
	}
	for _, k := range f.keyed {
		names = append(names, k.name)
	}
	if f.operator != nil {
		names = append(names, f.operator.name)
	}
	return names
}

type column struct {
	title string
	fn    ColumnFunc
}

func (c column) name() string { return c.title }

func (c column) header(h []byte, comma byte) []byte {
	out := append(append([]byte{}, h...), comma)
	return AppendField(out, []byte(c.title), comma)
}

func (c column) apply(record []byte, emit *Emit) {
	if emit.last() { // the common case writes straight into the output, with no copy in between
		p := emit.pass
		out := append(append(p.out, record...), emit.pass.flow.Source.comma)
		out, err := c.fn(out, record)
		if err != nil {
			emit.Reject(err.Error())
			return
		}
		p.out = append(out, p.eol...)
		p.tally.Emitted++
		return
	}
	wide := append(append(emit.buf[:0], record...), emit.pass.flow.Source.comma)
	wide, err := c.fn(wide, record)
	if err != nil {
		emit.Reject(err.Error())
		return
	}
	emit.buf = wide
	emit.Record(wide)
}

type mapper struct {
	title string
	fn    MapFunc
}

func (m mapper) name() string                    { return m.title }
func (m mapper) header(h []byte, _ byte) []byte  { return h }
func (m mapper) apply(record []byte, emit *Emit) { m.fn(record, emit) }

// Results returns the format of the results, one of those that Source.Format returns: the input's, or, where keyed stages
// make them, CSV if they have a header line of their own.
func (f *Flow) Results() string {
	stages := f.Keyed()
	switch {
	case len(stages) == 0:
		return f.Source.Format()
	case stages[len(stages)-1].Title() != nil:
		return CSV.format
	}
	return Lines.format
}
