package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// oracle computes what the results of a CSV must be, and how many records are rejected, one byte after the other and
// with nothing of flashmob's.
func oracle(input []byte, slowness int, header bool) (results []byte, rejected int) {
	var out bytes.Buffer
	if bytes.HasPrefix(input, []byte("\xEF\xBB\xBF")) {
		out.Write(input[:3])
		input = input[3:]
	}
	want := 0
	for i := 0; len(input) > 0; i++ {
		record, eol, fields, open := cut(input)
		input = input[len(record)+len(eol):]
		if i == 0 {
			want = fields
		}
		switch {
		case i == 0 && header:
			fmt.Fprintf(&out, "%s,CLASSIFICATION%s", record, eol)
		case open || fields != want:
			rejected++
		default:
			h := sha256.New()
			for range slowness {
				h.Write(record)
			}
			score := float64(binary.BigEndian.Uint64(h.Sum(nil))>>11) / (1 << 53)
			fmt.Fprintf(&out, "%s,%s%s", record, strconv.FormatFloat(score, 'g', -1, 64), eol)
		}
	}
	return out.Bytes(), rejected
}

// cut returns the first record of input, its line end, how many fields it has, and whether its last field lacks the
// closing quote.
func cut(input []byte) (record, eol []byte, fields int, open bool) {
	fields = 1
	start, quoted := true, false // at the start of a field; inside quotes
	for i := 0; i < len(input); i++ {
		c := input[i]
		switch {
		case quoted && c == '"' && i+1 < len(input) && input[i+1] == '"':
			i++
		case quoted:
			quoted = c != '"'
		case start && c == '"':
			quoted, start = true, false
		case c == ',':
			fields++
			start = true
		case c == '\n':
			end := i
			if i > 0 && input[i-1] == '\r' {
				end--
			}
			return input[:end], input[end : i+1], fields, false
		default:
			start = false
		}
	}
	return input, nil, fields, quoted
}

// unpack decompresses what a file of that name holds.
func unpack(name string, body []byte) ([]byte, error) {
	switch filepath.Ext(name) {
	case ".gz":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	case ".zst":
		z, err := zstd.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return io.ReadAll(z)
	}
	return body, nil
}
