package exec

import (
	"bytes"

	"flashmob/flow"
)

// splitHeader splits the first record, with its line end, from what follows.
func splitHeader(source flow.Source, output []byte) (header, records []byte) {
	if len(output) == 0 {
		return nil, nil
	}
	end, _ := source.Cutter().Next(output)
	return output[:end], output[end:]
}

// countRecords counts the records in text, the last of which may lack its line end.
func countRecords(source flow.Source, text []byte) int64 {
	n, open := counted(source, text)
	if open {
		n++
	}
	return n
}

// counted counts the records that end in text, and tells whether something stands behind the last of them.
func counted(source flow.Source, text []byte) (n int64, open bool) {
	if len(text) == 0 {
		return 0, false
	}
	if !source.Quotes(text) {
		return int64(bytes.Count(text, []byte{'\n'})), text[len(text)-1] != '\n'
	}
	cutter := source.Cutter()
	for len(text) > 0 {
		end, ok := cutter.Next(text)
		if !ok {
			return n, true
		}
		n++
		text = text[end:]
	}
	return n, false
}
