package worker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"flashmob/flow"
	"flashmob/manifest"
)

// Batch is a run of whole records in input order: the unit of hand-out, retry and commit. The range of input that it
// covers is its name.
type Batch struct {
	Kind   string `json:"kind"` // one of manifest's kinds of parts
	Input  int    `json:"input"`
	Offset int64  `json:"offset"` // bytes, or rows where the input is generated
	Length int64  `json:"length"`
	Fields int    `json:"fields,omitempty"` // that a record must have
	Ref    string `json:"ref,omitempty"`    // where its bytes lie in the depot
	Inline bool   `json:"inline,omitempty"` // its bytes are the message's body
	Giant  *Giant `json:"giant,omitempty"`
	Header []byte `json:"header,omitempty"` // the input's header line, for an operator that is to see it
	Final  bool   `json:"final,omitempty"`  // none is handed out behind it
	Alone  bool   `json:"alone,omitempty"`  // of a header: no record follows in the input
	After  *Place `json:"after,omitempty"`  // in an input's first batch: where the batch before it ends
}

// Giant says what is to be known of a single record too long to be read into memory. The batch's body is its head.
type Giant struct {
	Lines int64  `json:"lines"` // LF bytes in it
	Hash  string `json:"xxh64"`
}

// end returns the offset just past the batch.
func (b Batch) end() int64 { return b.Offset + b.Length }

// typical reports whether the time that the batch takes says anything of the time that others take.
func (b Batch) typical() bool { return b.Kind == manifest.Records && b.Giant == nil }

// Part is the results of one batch, on its way to the gatherer. Its body is the compressed results followed by the
// rejects as JSON.
type Part struct {
	Batch     Batch         `json:"batch"`
	Tally     flow.Tally    `json:"tally"`
	Results   int64         `json:"results"` // bytes of the body that are results
	SHA256    string        `json:"sha256"`  // of the results
	InputHash string        `json:"input_xxh64,omitempty"`
	Open      bool          `json:"open,omitempty"` // its last record came without a line end
	Ref       string        `json:"ref,omitempty"`  // where the body lies in the depot; empty when it is inline
	Worker    string        `json:"worker"`
	Took      time.Duration `json:"took"`
	Start     time.Duration `json:"start,omitempty"`   // what starting an operator takes, where every batch needs it; not in Took
	Title     []byte        `json:"title,omitempty"`   // the results' header line that an operator gave
	Handed    uint64        `json:"handed,omitempty"`  // how often the log had handed the batch out
	Failure   string        `json:"failure,omitempty"` // why the batch cannot be processed, by this worker or any other
}

// encode makes a message of a value and a body.
func encode(head any, body []byte) ([]byte, error) {
	text, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", head, err)
	}
	message := binary.AppendUvarint(make([]byte, 0, len(text)+len(body)+binary.MaxVarintLen32), uint64(len(text)))
	return append(append(message, text...), body...), nil
}

var errTorn = errors.New("message is torn")

// decode takes a message apart into head and body, which shares its memory.
func decode(message []byte, head any) (body []byte, err error) {
	n, used := binary.Uvarint(message)
	if used <= 0 || n > uint64(len(message)-used) {
		return nil, errTorn
	}
	text := message[used:][:n]
	if err := json.Unmarshal(text, head); err != nil {
		return nil, fmt.Errorf("decode %T: %w", head, err)
	}
	return message[used+int(n):], nil
}
