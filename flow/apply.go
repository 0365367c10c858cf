package flow

import (
	"bytes"
	"fmt"
	"io"
)

// Apply runs the flow over one input, here and now, and writes the results: the measure of what any number of workers
// make of the same input, and the quickest way to try a flow. It reads the input into memory.
func (f *Flow) Apply(input io.Reader, results io.Writer, maxRecord int) (Tally, []Reject, error) {
	return f.apply(input, results, Limits{MaxRecord: maxRecord, Partitions: 1})
}

// apply is Apply with limits of which all but Fields are given.
func (f *Flow) apply(input io.Reader, results io.Writer, limits Limits) (Tally, []Reject, error) {
	if f.operator != nil {
		return Tally{}, nil, fmt.Errorf("apply %s: it has an operator, which only a worker can run", f.Name)
	}
	data, err := io.ReadAll(input)
	if err != nil {
		return Tally{}, nil, fmt.Errorf("apply %s: %w", f.Name, err)
	}
	write := func(out []byte) error { _, err := results.Write(out); return err }
	if rest, ok := bytes.CutPrefix(data, []byte(BOM)); ok {
		if len(f.keyed) == 0 {
			if err := write(data[:len(BOM)]); err != nil {
				return Tally{}, nil, err
			}
		}
		data = rest
	}
	end, _ := f.Source.Cutter().Next(data)
	first := data[:end-lineEnd(data[:end])]
	if f.Source.HasHeader() && end > 0 {
		eol := data[len(first):end]
		if len(f.keyed) == 0 {
			if err := write(append(f.Header(first), eol...)); err != nil {
				return Tally{}, nil, err
			}
		}
		data = data[end:]
	}
	limits.Fields = f.Source.Fields(first)
	if len(f.keyed) > 0 {
		tally, rejects, err := f.applyKeyed(data, limits, write)
		if err != nil {
			return Tally{}, nil, fmt.Errorf("apply %s: %w", f.Name, err)
		}
		return tally, rejects, nil
	}
	pass := f.NewPass(limits)
	pass.Begin()
	if err := pass.Run(data, write); err != nil {
		return Tally{}, nil, fmt.Errorf("apply %s: %w", f.Name, err)
	}
	tally, rejects := pass.End()
	return tally, rejects, nil
}

// BOM is the UTF-8 byte order mark that some programs put in front of a text.
const BOM = "\xEF\xBB\xBF"
