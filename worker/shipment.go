package worker

import (
	"bufio"
	"encoding/binary"
	"io"
)

// A shipment is what one request brings: the rest of one input, and as many of those behind it as there are to be brought, so that
// small inputs do not take a way there and back each. It comes in pieces: 4 bytes length, big-endian, and as many bytes; a
// piece of no length ends an input.

// pieceMost is how long a piece is at most.
const pieceMost = 128 << 10

const pieceHead = 4

// Shipper writes a shipment.
type Shipper struct {
	to    io.Writer
	piece [pieceHead + pieceMost]byte
}

// NewShipper returns a Shipper that writes to a stream.
func NewShipper(to io.Writer) *Shipper { return &Shipper{to: to} }

// Ship writes all of a source. The input that it is does not end with it: EndInput says that it does.
func (s *Shipper) Ship(source io.Reader) error {
	for {
		n, err := source.Read(s.piece[pieceHead:])
		if n > 0 {
			binary.BigEndian.PutUint32(s.piece[:], uint32(n))
			if _, err := s.to.Write(s.piece[:pieceHead+n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// EndInput says that the input is whole.
func (s *Shipper) EndInput() error {
	_, err := s.to.Write(make([]byte, pieceHead))
	return err
}

// shipment reads what a Shipper has written: one input after the other. Read returns io.EOF at the end of each. It is for one
// goroutine.
type shipment struct {
	stream *bufio.Reader
	input  int    // that is being read
	left   uint32 // of the piece
	ended  bool   // the input is over
	keep   func(*shipment)
	stop   func() // ends a read that is under way: nothing may come for long. It may be called more than once
	close  func() // once nobody reads
}

func (s *shipment) Read(p []byte) (int, error) {
	if s.ended {
		return 0, io.EOF
	}
	if s.left == 0 {
		var head [pieceHead]byte
		if _, err := io.ReadFull(s.stream, head[:]); err != nil {
			return 0, brokeOff(err)
		}
		if s.left = binary.BigEndian.Uint32(head[:]); s.left == 0 {
			s.ended = true
			return 0, io.EOF
		}
	}
	n, err := s.stream.Read(p[:min(int64(len(p)), int64(s.left))])
	s.left -= uint32(n)
	if n > 0 {
		err = nil // it comes again
	}
	return n, brokeOff(err)
}

// brokeOff makes an error of the end of a stream in the middle of an input.
func brokeOff(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrBrokeOff
	}
	return err
}

// Close is called when no more of an input is to be read. Where that is over, another may follow.
func (s *shipment) Close() error {
	if s.ended {
		s.keep(s)
	} else {
		s.drop()
	}
	return nil
}

// drop gives up what else comes.
func (s *shipment) drop() {
	s.stop()
	s.close()
}

// goesOn waits for the beginning of what follows, and reports whether that is the wanted place: the beginning of the next input.
func (s *shipment) goesOn(input int, offset int64) bool {
	if input != s.input+1 || offset != 0 {
		return false
	}
	if _, err := s.stream.Peek(pieceHead); err != nil {
		return false
	}
	s.input, s.ended = input, false
	return true
}
