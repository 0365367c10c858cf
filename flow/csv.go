package flow

import "bytes"

// countFields returns the number of fields in a CSV record (without its line end) and whether its last field, if
// quoted, is closed. plain says that the record has no quotes.
func (s Source) countFields(record []byte, plain bool) (fields int, closed bool) {
	if plain || !s.Quotes(record) {
		return bytes.Count(record, []byte{s.comma}) + 1, true
	}
	fields = 1
	for i := 0; ; fields++ {
		end, ok := fieldEnd(record, i, s.comma, s.quote)
		if end >= len(record) {
			return fields, ok
		}
		i = end + 1
	}
}

// fieldEnd returns the offset of the comma or record end that ends the field that begins at i, and whether the field,
// if quoted, was closed.
func fieldEnd(record []byte, i int, comma, quote byte) (end int, closed bool) {
	if i < len(record) && record[i] == quote {
		for i++; ; i += 2 {
			n := bytes.IndexByte(record[i:], quote)
			if n < 0 {
				return len(record), false
			}
			if i += n; i+1 >= len(record) || record[i+1] != quote {
				break
			}
		}
	}
	if n := bytes.IndexByte(record[i:], comma); n >= 0 {
		return i + n, true
	}
	return len(record), true
}

// Fields appends the raw fields of a CSV record to dst: as they stand, quotes included, sharing the record's memory.
func Fields(dst [][]byte, record []byte, comma byte) [][]byte {
	for i := 0; ; {
		end, _ := fieldEnd(record, i, comma, '"')
		dst = append(dst, record[i:end])
		if end >= len(record) {
			return dst
		}
		i = end + 1
	}
}

// Unquote appends to dst the text that the raw field stands for. A field that does not begin with a quote stands for
// itself.
func Unquote(dst, field []byte) []byte {
	if len(field) == 0 || field[0] != '"' {
		return append(dst, field...)
	}
	for field = field[1:]; ; {
		n := bytes.IndexByte(field, '"')
		if n < 0 {
			return append(dst, field...)
		}
		dst = append(dst, field[:n]...)
		if field = field[n+1:]; len(field) == 0 || field[0] != '"' {
			return append(dst, field...) // what follows a closing quote is ordinary text
		}
		dst, field = append(dst, '"'), field[1:]
	}
}

// AppendField appends text to dst as a CSV field, quoted where it has to be.
func AppendField(dst, text []byte, comma byte) []byte {
	if bytes.IndexByte(text, comma) < 0 && bytes.IndexAny(text, "\"\r\n") < 0 {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for {
		n := bytes.IndexByte(text, '"')
		if n < 0 {
			return append(append(dst, text...), '"')
		}
		dst = append(append(dst, text[:n+1]...), '"')
		text = text[n+1:]
	}
}
