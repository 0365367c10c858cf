package worker

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"path"
	"regexp"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"flashmob/flow"
	"flashmob/internal/pages"
)

// Codecs of the results: names, and what a results file's name ends in. Every part is a gzip member or a zstd frame of
// its own; both formats may be concatenated, so parts are only ever appended.
var codecEndings = map[string]string{"gzip": ".gz", "huffman": ".gz", "zstd": ".zst", "none": ""}

// ResultsName returns the name of the results file of a flow, with a codec. What an operator makes of lines keeps the
// ending of the input that like names.
func ResultsName(f *flow.Flow, codec, like string) (string, error) {
	ending, ok := codecEndings[codec]
	if !ok {
		return "", fmt.Errorf("compress %q: must be gzip, huffman, zstd or none", codec)
	}
	base := "results.csv"
	if f.Results() != flow.CSV.Format() {
		base = "results.txt"
		if end := path.Ext(like); f.HasOperator() && kept.MatchString(end) && end != ".csv" {
			base = "results" + end
		}
	}
	return base + ending, nil
}

// kept are the endings that results keep.
var kept = regexp.MustCompile(`^\.[A-Za-z0-9]{1,12}$`)

// encoder is what the compressing writers have in common.
type encoder interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// packer compresses the results of one batch after the other into buffers. Not for concurrent use.
type packer struct {
	encoder encoder
	hash    hash.Hash
	buf     []byte
	wrote   bool
	last    byte // of what was written, uncompressed
}

func newPacker(codec string) (*packer, error) {
	p := &packer{hash: sha256.New()}
	var err error
	switch codec {
	case "gzip":
		p.encoder, err = gzip.NewWriterLevel(nil, gzip.BestSpeed)
	case "huffman":
		p.encoder, err = gzip.NewWriterLevel(nil, gzip.HuffmanOnly)
	case "zstd":
		p.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	case "none":
		p.encoder = &plain{}
	default:
		err = fmt.Errorf("compress %q: must be gzip, huffman, zstd or none", codec)
	}
	return p, err
}

// begin starts a part, whose bytes are appended to buf.
func (p *packer) begin(buf []byte) {
	p.buf, p.wrote = buf, false
	p.hash.Reset()
	p.encoder.Reset((*packed)(p))
}

// write adds results to the part.
func (p *packer) write(out []byte) error {
	if len(out) == 0 {
		return nil
	}
	p.wrote, p.last = true, out[len(out)-1]
	_, err := p.encoder.Write(out)
	return err
}

// swallow adds what an operator made to the part, and returns memory for what it makes next: results that are not compressed
// need not be copied either, so that the part keeps theirs, unless they are few.
func (p *packer) swallow(y flow.Yield) (room []byte, err error) {
	if _, same := p.encoder.(*plain); !same || len(p.buf) > 0 || len(y.Records) <= inlineLimit {
		return y.Room, p.write(y.Records)
	}
	p.wrote, p.last = true, y.Records[len(y.Records)-1]
	p.hash.Write(y.Records)
	room, p.buf = p.buf, y.Records
	return room, nil
}

// open reports whether the part's results end in the middle of a line.
func (p *packer) open() bool { return p.wrote && p.last != '\n' }

// end returns the finished part and its hash. A part of no results is empty: not even a gzip header.
func (p *packer) end() (body []byte, sum string, err error) {
	if p.wrote {
		if err := p.encoder.Close(); err != nil {
			return nil, "", err
		}
	}
	return p.buf, hex.EncodeToString(p.hash.Sum(nil)), nil
}

// packed is the packer as the encoder writes to it.
type packed packer

func (p *packed) Write(b []byte) (int, error) {
	p.hash.Write(b)
	p.buf = append(pages.Grow(p.buf, len(b)), b...)
	return len(b), nil
}

// plain is the encoder that leaves things as they are.
type plain struct{ io.Writer }

func (p *plain) Reset(w io.Writer) { p.Writer = w }
func (p *plain) Close() error      { return nil }
