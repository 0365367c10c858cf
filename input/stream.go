package input

import (
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// codecOf returns the compression that a file's name stands for, or "".
func codecOf(path string) string {
	if u, err := url.Parse(path); err == nil && (Input{URI: path}).IsRemote() {
		path = u.Path
	}
	switch filepath.Ext(path) {
	case ".gz":
		return "gzip"
	case ".zst":
		return "zstd"
	case ".bz2":
		return "bzip2"
	case ".deflate":
		return "zlib"
	}
	return ""
}

// IsCompressed reports whether the input is decompressed as it is read: by one core, from front to back.
func (in Input) IsCompressed() bool { return codecOf(in.URI) != "" && in.Stored == 0 }

// IsFar reports whether reading a range costs enough that not every byte should be read to cut the input: it comes over the
// network, or has to be unpacked.
func (in Input) IsFar() bool { return in.IsRemote() || in.Stored > 0 }

// Uncompressed returns the name of a file without the ending that says how it is compressed.
func Uncompressed(name string) string {
	if codecOf(name) == "" {
		return name
	}
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// Open returns the input's bytes from front to back, decompressed. Generated inputs have no bytes to open.
func (in Input) Open() (*Stream, error) {
	if in.Listens() {
		l, err := in.listen()
		if err != nil {
			return nil, err
		}
		return &Stream{in: in, decoded: l, listener: l}, nil
	}
	s := &Stream{in: in}
	var f io.ReadCloser = os.Stdin
	var err error
	switch {
	case in.IsRemote():
		s.object = &object{in: in, to: in.Size}
		if in.HasRanges() {
			s.object.step = stepSize
		}
		f = s.object
	case in.URI != Stdin.URI:
		if s.file, err = os.Open(in.URI); err != nil {
			return nil, fmt.Errorf("input %q: %w", in.URI, cause(err))
		}
		f = s.file
	}
	if in.Stored > 0 {
		if s.units, err = in.units(s.file); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		s.decoded = s.Section(0, in.Size)
		return s, nil
	}
	switch codecOf(in.URI) {
	case "gzip":
		if s.decoded, err = gzip.NewReader(f); err == io.EOF { // an empty file holds no member: no input, no error
			s.decoded, err = f, nil
		}
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(f); err == nil {
			s.decoded, s.release = z, z.Close
		}
	case "bzip2":
		s.decoded = bzip2.NewReader(f)
	case "zlib":
		if s.decoded, err = zlib.NewReader(f); err == io.EOF { // an empty file, again
			s.decoded, err = f, nil
		}
	default:
		s.decoded = f
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("input %q: %w", in.URI, err)
	}
	return s, nil
}

// Stream is an open input; its errors name it.
type Stream struct {
	in       Input
	file     *os.File // of a file
	object   *object  // of a remote one
	decoded  io.Reader
	release  func()
	units    units     // of a compressed file that has several
	listener *listener // of an input that listens; nil otherwise
}

// Finish ends an input that listens: what is on its way is still read. For others it does nothing.
func (s *Stream) Finish() {
	if s.listener != nil {
		s.listener.Finish()
	}
}

// Torn returns how many connections of an input that listens ended in the middle of a frame, which is lost.
func (s *Stream) Torn() int {
	if s.listener == nil {
		return 0
	}
	return s.listener.Torn()
}

// Section returns the bytes [from, to) again. Only inputs with ranges have them. The section before may be lost with it.
func (s *Stream) Section(from, to int64) io.Reader {
	if s.object != nil {
		s.object.drop()
		s.object = &object{in: s.in, at: from, to: min(to, s.in.Size), step: stepSize}
		return s.object
	}
	if s.units != nil {
		if s.release != nil {
			s.release()
		}
		u := &unpacking{in: s.in, file: s.file, units: s.units, at: from, to: min(to, s.in.Size)}
		s.release = u.close
		return u
	}
	return io.NewSectionReader(s, from, to-from)
}

// ReadAt reads again what a file has at an offset.
func (s *Stream) ReadAt(p []byte, offset int64) (int, error) {
	if s.units != nil {
		u := &unpacking{in: s.in, file: s.file, units: s.units, at: offset, to: s.in.Size}
		defer u.close()
		n, err := io.ReadFull(u, p)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return n, err
	}
	return s.named(s.file.ReadAt(p, offset))
}

// Read reads on.
func (s *Stream) Read(p []byte) (int, error) { return s.named(s.decoded.Read(p)) }

func (s *Stream) named(n int, err error) (int, error) {
	if err != nil && err != io.EOF && s.object == nil && s.units == nil { // an object's errors name it, and those of what unpacks
		err = fmt.Errorf("input %q: %w", s.in.URI, cause(err))
	}
	return n, err
}

// Close closes the input; standard input stays open.
func (s *Stream) Close() error {
	if s.listener != nil {
		return s.listener.Close()
	}
	if s.release != nil {
		s.release()
	}
	if s.object != nil {
		return s.object.Close()
	}
	if s.in.URI == Stdin.URI {
		return nil // belongs to the process
	}
	return s.file.Close()
}
