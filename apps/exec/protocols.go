package exec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"flashmob/flow"
)

// protocolOf returns how a program is spoken to in one of the long-lived modes.
func protocolOf(mode string, source flow.Source) protocol {
	if mode == Frames {
		return framed{source}
	}
	return lined{source}
}

var lineFeed = []byte{'\n'}

// trimLineEnd returns a line without its end.
func trimLineEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, lineFeed), []byte{'\r'})
}

// lined is the protocol of the lines mode: records in, as many records out.
type lined struct{ source flow.Source }

func (lined) keepsBack() bool { return true }

func (lined) surplus() string {
	return "it gave more records than it was given: the mode lines wants one for each, batch does not"
}

func (lined) early() string {
	return "it gave more records than it was given, or some before it had read theirs: the mode lines wants one for each, batch does not"
}

func (lined) header(text []byte) [][]byte { return [][]byte{text} }

func (lined) batch(in flow.Bundle) [][]byte {
	if n := len(in.Records); n > 0 && in.Records[n-1] != '\n' { // a program waits for a line's end
		return [][]byte{in.Records, lineFeed}
	}
	return [][]byte{in.Records}
}

func (l lined) parser() parser {
	return &lineParser{cutter: l.source.Cutter(), source: l.source}
}

// lineParser counts records. It keeps what it must know from block to block.
type lineParser struct {
	cutter *flow.Cutter
	source flow.Source
	open   bool // something stands behind the last record that has ended
}

// space is the rest of the order's own memory, so that an answer is where it belongs when it has been read.
func (p *lineParser) space(o *order, _ []byte) []byte { return o.spare(readLeast, readBlock) }

func (p *lineParser) take(block []byte, o *order) (n int, done bool, err error) {
	if left := o.want - o.got; !p.source.Quotes(block) && !p.cutter.Open() {
		if ends := int64(bytes.Count(block, lineFeed)); ends < left { // most blocks are taken whole, and quickly
			p.open = p.cutter.Last(block) < len(block)
			o.got += ends
			o.add(block)
			return len(block), false, nil
		}
	}
	for n < len(block) && o.got < o.want {
		end, ok := p.cutter.Next(block[n:])
		if n += end; ok {
			o.got++
		}
		p.open = !ok
	}
	o.add(block[:n])
	return n, o.got == o.want, nil
}

func (p *lineParser) end(o *order) bool {
	if p.open {
		o.got++
	}
	return o.got == o.want
}

// errNoFrame says that what a program gives are not the frames that it was asked for.
var errNoFrame = errors.New("it does not speak in frames")

// The letters of frames.
const (
	frameHeader = 'H'
	frameBatch  = 'B'
	frameResult = 'R'
	frameError  = 'E'
)

// framed is the protocol of the frames mode.
type framed struct{ source flow.Source }

func (framed) keepsBack() bool { return false }

func (framed) surplus() string { return "it gave more frames than it was given" }

func (framed) early() string {
	return "it answered before it had read all of its input: what it left would be lost"
}

func (framed) header(text []byte) [][]byte { return frame(frameHeader, trimLineEnd(text)) }

func (framed) batch(in flow.Bundle) [][]byte { return frame(frameBatch, in.Records) }

// frame returns the pieces of a frame.
func frame(letter byte, text []byte) [][]byte {
	head := append(binary.BigEndian.AppendUint32(nil, uint32(len(text)+1)), letter)
	return [][]byte{head, text}
}

func (f framed) parser() parser { return &frameParser{source: f.source} }

// frameParser takes frames apart.
type frameParser struct {
	source flow.Source
	head   []byte // of the frame that is coming: 4 bytes of length, then the letter
	left   int64  // of its text
}

const frameHead = 5

// space is what is left of a frame: a block of its own for the head, the order's own memory for the text.
func (p *frameParser) space(o *order, block []byte) []byte {
	if missing := frameHead - len(p.head); missing > 0 {
		return block[:missing]
	}
	return o.spare(int(p.left), int(p.left))
}

func (p *frameParser) take(block []byte, o *order) (n int, done bool, err error) {
	if len(p.head) < frameHead {
		n = min(frameHead-len(p.head), len(block))
		p.head = append(p.head, block[:n]...)
		if len(p.head) < frameHead {
			return n, false, nil
		}
		p.left = int64(binary.BigEndian.Uint32(p.head)) - 1
		want := byte(frameResult)
		if o.isHeader {
			want = frameHeader
		}
		switch letter := p.head[frameHead-1]; {
		case p.left < 0:
			return 0, false, fmt.Errorf("%w: a frame without a letter", errNoFrame)
		case letter != want && letter != frameError:
			return 0, false, fmt.Errorf("%w: a frame %q, want %q or %q", errNoFrame, letter, want, frameError)
		case p.left > outputMost:
			return 0, false, fmt.Errorf("%w: a frame of %d bytes", errNoFrame, p.left)
		}
	}
	text := block[n:min(int64(len(block)), int64(n)+p.left)]
	o.add(text)
	n, p.left = n+len(text), p.left-int64(len(text))
	if p.left > 0 {
		return n, false, nil
	}
	letter := p.head[frameHead-1]
	p.head = p.head[:0]
	if letter == frameError {
		return n, true, &flow.Failure{Reason: string(o.output)}
	}
	o.got = countRecords(p.source, o.output)
	return n, true, nil
}

func (p *frameParser) end(*order) bool { return false }
