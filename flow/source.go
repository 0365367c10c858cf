package flow

import (
	"bytes"
	"fmt"
	"strings"
)

// Source says how the bytes of an input fall into records. It is a value: take CSV or Lines and adapt it with its
// methods.
type Source struct {
	format string
	header bool
	comma  byte
	quote  byte
	bare   bool // of CSV: nothing quotes
	fields int  // that every record must have; 0 for as many as the first
}

// CSV is comma-separated text as in RFC 4180, read with forgiveness and written back byte for byte:
//
//   - a record ends at LF or CRLF outside quotes, and keeps the line end that it came with;
//   - a quote opens a quoted field only at the field's start; elsewhere it is an ordinary character;
//   - inside a quoted field two quotes stand for one, and commas and line ends are data;
//   - every record must have as many fields as the first; one that has not is rejected, an empty line among them;
//   - a UTF-8 byte order mark before the first record is passed through and belongs to no record.
//
// The first record of every input is a header unless WithoutHeader says otherwise.
var CSV = Source{format: "csv", header: true, comma: ',', quote: '"'}

// Lines is plain text: a record is what stands before a LF or CRLF, or before the end of the input.
var Lines = Source{format: "lines", comma: ','}

// WithoutHeader returns the source with every record taken as data.
func (s Source) WithoutHeader() Source { s.header = false; return s }

// WithHeader returns the source with the first record of every input taken as a header.
func (s Source) WithHeader() Source { s.header = true; return s }

// WithComma returns the source with fields that are parted by another character than a comma.
func (s Source) WithComma(comma byte) Source { s.comma = comma; return s }

// WithQuote returns the source with fields that are quoted by another character; 0 for none, so that no field holds a comma or
// a line end.
func (s Source) WithQuote(quote byte) Source { s.quote, s.bare = quote, quote == 0; return s }

// Dialect returns the source as people write its characters down: delimiter is one character, or "tab"; quote is one
// character, or "none". Empty ones stay what they are.
func (s Source) Dialect(delimiter, quote string) (Source, error) {
	if delimiter == "tab" || delimiter == `\t` {
		delimiter = "\t"
	}
	switch {
	case len(delimiter) > 1 || strings.ContainsAny(delimiter, "\r\n\x00"):
		return s, fmt.Errorf("delimiter %q: must be one character, such as ; or tab", delimiter)
	case delimiter != "":
		s = s.WithComma(delimiter[0])
	}
	switch {
	case quote == "none":
		return s.WithQuote(0), nil
	case len(quote) > 1 || strings.ContainsAny(quote, "\r\n\x00"):
		return s, fmt.Errorf("quote %q: must be one character, or none", quote)
	case quote != "":
		s = s.WithQuote(quote[0])
	}
	if s.format == CSV.format && s.quote == s.comma {
		return s, fmt.Errorf("quote %q: is the delimiter, too", s.quote)
	}
	return s, nil
}

// Quotes reports whether text may have quoted fields.
func (s Source) Quotes(text []byte) bool {
	return s.format == CSV.format && !s.bare && bytes.IndexByte(text, s.quote) >= 0
}

// WithFields returns the source with records that must have n fields, whatever the first one has.
func (s Source) WithFields(n int) Source { s.fields = n; return s }

// Quote returns what opens a quoted field.
func (s Source) Quote() []byte { return []byte{s.quote} }

// Format returns "csv", "lines", "text" or "frames".
func (s Source) Format() string { return s.format }

// SourceOf returns the source of a format, as Format names it, with its defaults; false for no format of ours.
func SourceOf(format string) (Source, bool) {
	for _, s := range []Source{CSV, Lines, Text, Frames} {
		if s.format == format {
			return s, true
		}
	}
	return Source{}, false
}

// HasHeader reports whether the first record of every input is a header.
func (s Source) HasHeader() bool { return s.header }

// Resyncs reports whether the end of a record can be found from anywhere in an input, without what stands before.
func (s Source) Resyncs() bool { return s.format == Lines.format || s.format == Text.format }

// Fields returns how many fields the first record of an input has: the number that each of its records must have. It
// returns 0 for a source whose records have no fields.
func (s Source) Fields(first []byte) int {
	if s.format != CSV.format {
		return 0
	}
	if s.fields > 0 {
		return s.fields
	}
	fields, _ := s.countFields(first, false)
	return fields
}

// Cutter returns a new Cutter for one input of this source.
func (s Source) Cutter() *Cutter {
	if s.format == Frames.format {
		return &Cutter{frames: new(framing)}
	}
	return &Cutter{csv: s.format == CSV.format && !s.bare, text: s.format == Text.format, comma: s.comma, quote: s.quote, prev: '\n'}
}

// record returns the first record of data with its line end (its last bytes, eol of them). The last record of an
// input may lack one. plain says that data has no quotes.
func (s Source) record(data []byte, plain bool) (record []byte, eol int) {
	if s.format == Text.format {
		end := textEnd(data, 0)
		if end == 0 {
			end = len(data)
		}
		return data[:end], lineEnd(data[:end])
	}
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		end = len(data) - 1
	}
	record = data[:end+1]
	if !plain && s.Quotes(record) {
		cutter := Cutter{csv: true, comma: s.comma, quote: s.quote, prev: '\n'}
		end, _ := cutter.Next(data)
		record = data[:end]
	}
	return record, lineEnd(record)
}

// lineEnd returns the length of the line end that b ends with: 2 for CRLF, 1 for LF, 0 for none.
func lineEnd(b []byte) int {
	switch n := len(b); {
	case n == 0 || b[n-1] != '\n':
		return 0
	case n > 1 && b[n-2] == '\r':
		return 2
	default:
		return 1
	}
}
