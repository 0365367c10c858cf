package flow

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A refRecord is a record as the reference reads it.
type refRecord struct {
	offset int
	text   string   // without the line end
	eol    string   // "", "\n" or "\r\n"
	fields []string // as they stand
	values []string // as they are meant
	closed bool
}

// The states of the reference.
const (
	fieldStart = iota
	inField    // also behind the closing quote of a quoted field
	inQuotes
	quoteInQuotes // the end of the field, or the first half of a pair
)

// reference reads CSV (without a byte order mark) one byte at a time, straight from the grammar in the comment of CSV:
// slow, but easy to compare with it.
func reference(data string) (records []refRecord) {
	state, record, field := fieldStart, 0, 0
	var fields, values []string
	var value strings.Builder
	endField := func(at int) {
		fields, values = append(fields, data[field:at]), append(values, value.String())
		value.Reset()
		field, state = at+1, fieldStart
	}
	endRecord := func(end int, closed bool) {
		text, eol := data[record:end], ""
		if rest, ok := strings.CutSuffix(text, "\n"); ok {
			text, eol = rest, "\n"
			if rest, ok := strings.CutSuffix(text, "\r"); ok {
				text, eol = rest, "\r\n"
			}
		}
		at := record + len(text)
		if state == inField || state == fieldStart { // what is not quoted has no CR of its line end in its value
			v := strings.TrimSuffix(value.String(), eol[:max(len(eol)-1, 0)])
			value.Reset()
			value.WriteString(v)
		} else if !closed { // nor has a field that the input's end leaves open
			v := strings.TrimSuffix(value.String(), eol)
			value.Reset()
			value.WriteString(v)
		}
		endField(at)
		records = append(records, refRecord{record, text, eol, fields, values, closed})
		fields, values, record, field = nil, nil, end, end
	}
	for i := range len(data) {
		switch b := data[i]; {
		case state == inQuotes && b != '"':
			value.WriteByte(b)
		case state == inQuotes:
			state = quoteInQuotes
		case state == quoteInQuotes && b == '"':
			value.WriteByte(b)
			state = inQuotes
		case b == '\n':
			endRecord(i+1, true)
		case b == ',':
			endField(i)
		case b == '"' && state == fieldStart:
			state = inQuotes
		default:
			value.WriteByte(b)
			state = inField
		}
	}
	if record < len(data) {
		endRecord(len(data), state != inQuotes)
	}
	return records
}

// refPass is what a flow that appends each record's length makes of data, and the rejects as text.
func refPass(data string, maxRecord int) (out string, tally Tally, rejects []string) {
	var b strings.Builder
	records := reference(data)
	for _, r := range records {
		reason := ""
		switch want := len(records[0].fields); {
		case maxRecord > 0 && len(r.text) > maxRecord:
			reason = fmt.Sprintf("longer than %d bytes", maxRecord)
		case !r.closed:
			reason = "quoted field is not closed"
		case len(r.fields) == 1 && want != 1:
			reason = fmt.Sprintf("1 field, want %d", want)
		case len(r.fields) != want:
			reason = fmt.Sprintf("%d fields, want %d", len(r.fields), want)
		}
		tally.In++
		if reason == "" {
			fmt.Fprintf(&b, "%s,%d%s", r.text, len(r.text), r.eol)
			tally.Out++
			tally.Emitted++
			continue
		}
		tally.Rejected++
		lines := strings.Count(data[:r.offset], "\n")
		rejects = append(rejects, fmt.Sprintf("line %d, byte %d: %s: %q", lines, r.offset, reason, r.text))
	}
	tally.Lines = int64(strings.Count(data, "\n"))
	return b.String(), tally, rejects
}

// describe puts rejects as refPass does.
func describe(rejects []Reject) (lines []string) {
	for _, r := range rejects {
		lines = append(lines, fmt.Sprintf("line %d, byte %d: %s: %q", r.Line, r.Offset, r.Reason, r.Record))
	}
	return lines
}

// tangle returns n tokens of the kind that CSV readers trip over.
func tangle(random *rand.Rand, n int) string {
	tokens := []string{`"`, `"`, `""`, ",", ",", "\n", "\n", "\r\n", "\r", "a", "bc", " ", "\x00", `,"`, `",`, "\",\"", "é", "\"\n"}
	var b strings.Builder
	for range n {
		b.WriteString(tokens[random.IntN(len(tokens))])
	}
	return b.String()
}
