package worker

import (
	"bytes"

	"flashmob/flow"
)

var byteOrderMark = []byte(flow.BOM)

// splitBOM splits a UTF-8 byte order mark off the front of an input.
func splitBOM(data []byte) (bom, rest []byte) {
	if bytes.HasPrefix(data, byteOrderMark) {
		return data[:len(byteOrderMark)], data[len(byteOrderMark):]
	}
	return nil, data
}

// splitEnd splits a line's end, LF or CRLF or none, from its text.
func splitEnd(line []byte) (text, eol []byte) {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		if n--; n > 0 && line[n-1] == '\r' {
			n--
		}
	}
	return line[:n], line[n:]
}

func countLines(data []byte) int { return bytes.Count(data, []byte{'\n'}) }
