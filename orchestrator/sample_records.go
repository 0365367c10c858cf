package orchestrator

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"flashmob/flow"
	"flashmob/input"
)

// taken is records of a run's inputs for a sample: whole ones, from several places.
type taken struct {
	generated *input.Input // or the input that makes them
	header    []byte
	records   [][]byte
	extension string  // of the inputs, without that of a compression
	total     float64 // records in all inputs
	counted   bool    // total is not reckoned
	bytes     int64   // in the last trial
}

const (
	// sampleBytes is how much is read of each place.
	sampleBytes = 256 << 10
	// samplePlaces is how many places are read, in one file or in as many: rows may be of another kind further on.
	samplePlaces = 32
	// sampleLeast is how many records are read at the front of an input at least, however long they are.
	sampleLeast = 4
)

// most is how many records a trial can have.
func (t *taken) most() int64 {
	if t.generated != nil {
		return int64(t.total)
	}
	return int64(len(t.records))
}

// errTooLong says that nothing of an input can be sampled.
var errTooLong = errors.New("no record ends near its front: they are longer than a record may be (--max-record)")

// takeRecords reads records of the inputs, none of them longer than longest: of a file without quotes at several places, else at
// the front.
func takeRecords(inputs []input.Input, source flow.Source, longest int64) (*taken, error) {
	t := &taken{counted: true}
	var places [][][]byte
	var stored, read float64 // bytes, as files have them
	for i, in := range inputs {
		if in.IsGenerated() {
			t.generated, t.total = &in, t.total+float64(in.Size)
			continue
		}
		if in == input.Stdin || in.Listens() || in.Size < 0 {
			return nil, fmt.Errorf("input %s: %w", in.URI, ErrNoSample)
		}
		if i == 0 {
			t.extension = extension(in.URI)
		}
		stored += float64(in.Size)
		if every := (len(inputs) + samplePlaces - 1) / samplePlaces; i%every != 0 {
			continue
		}
		got, bytes, err := t.read(in, source, longest, max(1, samplePlaces/len(inputs)))
		if err != nil {
			return nil, err
		}
		places, read = append(places, got...), read+bytes
	}
	records := 0
	for _, place := range places {
		records += len(place)
	}
	switch {
	case t.generated != nil:
	case read >= stored:
		t.total = float64(records)
	case records == 0:
		return nil, fmt.Errorf("input %s: %w", inputs[0].URI, errTooLong)
	default:
		t.total, t.counted = float64(records)*stored/max(read, 1), false
	}
	for _, place := range places {
		t.records = append(t.records, place...)
	}
	// Any front of them is to be of all places, and to have as many of each kind as the input has.
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(t.records), func(i, j int) { t.records[i], t.records[j] = t.records[j], t.records[i] })
	return t, nil
}

// extension is what a file's name ends with, without the ending of a compression.
func extension(uri string) string {
	for _, packed := range []string{".gz", ".zst", ".bz2", ".deflate", ".xz"} {
		uri = strings.TrimSuffix(uri, packed)
	}
	return filepath.Ext(uri)
}

// read takes records of one input from so many places. It returns how many bytes of the file they stand for: of a
// compressed one, those that they would take if the rest is like them.
func (t *taken) read(in input.Input, source flow.Source, longest int64, places int) (got [][][]byte, stands float64, err error) {
	stream, err := in.Open()
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	size := int64(sampleBytes)
	if in.Size < samplePlaces*sampleBytes || !in.HasRanges() { // all of it is no more than the places would be, or there are none
		size *= int64(places)
	}
	front, records, whole, err := readFront(stream, source, size, longest)
	if err != nil {
		return nil, 0, err
	}
	if whole {
		stands = float64(in.Size)
	} else if stands = bytesOf(records); !in.HasRanges() {
		stands *= packing(front)
	}
	if source.HasHeader() && len(records) > 0 {
		t.header, records = records[0], records[1:]
	}
	got = [][][]byte{records}
	if whole || !in.HasRanges() || source.Format() == flow.Frames.Format() || source.Quotes(front) {
		return got, stands, nil
	}
	for i := 1; i < places; i++ {
		block := make([]byte, sampleBytes)
		n, err := stream.ReadAt(block, in.Size/int64(places)*int64(i))
		if err != nil && err != io.EOF {
			return nil, 0, err
		}
		// Behind the first line end, where there are no quotes to stand between, a record begins.
		if _, rest, ok := bytes.Cut(block[:n], []byte{'\n'}); ok && !source.Quotes(rest) {
			records := cut(rest, source, false)
			got, stands = append(got, records), stands+bytesOf(records)
		}
	}
	return got, stands, nil
}

// readFront reads size bytes of an input, or as many more as some records take, and returns the whole records among them. whole
// says that there is nothing else in it.
func readFront(stream io.Reader, source flow.Source, size, longest int64) (front []byte, records [][]byte, whole bool, err error) {
	for most := max(size, 2*longest); ; size *= 2 {
		more := make([]byte, min(size, most)+1-int64(len(front)))
		n, err := io.ReadFull(stream, more)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, nil, false, err
		}
		front = append(front, more[:n]...)
		whole = err != nil
		if records = cut(front, source, whole); whole || len(records) > sampleLeast || size >= most {
			return front, records, whole, nil
		}
	}
}

// cut returns the records that data begins with; the last one counts without its end only if data is whole.
func cut(data []byte, source flow.Source, whole bool) (records [][]byte) {
	cutter := source.Cutter()
	for len(data) > 0 {
		end, ok := cutter.Next(data)
		if !ok && !whole {
			break
		}
		records, data = append(records, data[:end]), data[end:]
	}
	if n := len(records) - 1; whole && n >= 0 && source.Format() != flow.Frames.Format() && !bytes.HasSuffix(records[n], []byte{'\n'}) {
		records[n] = append(bytes.Clone(records[n]), '\n') // others may come to stand behind it
	}
	return records
}

// bytesOf is how many bytes the records have.
func bytesOf(records [][]byte) (n float64) {
	for _, record := range records {
		n += float64(len(record))
	}
	return n
}

// packing is about what is left of a byte of data when it is compressed as files usually are.
func packing(data []byte) float64 {
	var packed counter
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(data) // a counter takes everything
	_ = w.Close()
	return float64(packed) / float64(max(len(data), 1))
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
