package main

import (
	"fmt"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A codec appends src, compressed into one member or frame, to dst. It belongs to one goroutine.
type codec func(dst, src []byte) ([]byte, error)

// newCodec returns the codec of that name.
func newCodec(name string) (codec, error) {
	switch name {
	case "gzip":
		return newGzip(gzip.BestSpeed)
	case "huffman":
		return newGzip(gzip.HuffmanOnly)
	case "zstd":
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return func(dst, src []byte) ([]byte, error) { return encoder.EncodeAll(src, dst), nil }, nil
	case "none":
		return func(dst, src []byte) ([]byte, error) { return append(dst, src...), nil }, nil
	}
	return nil, fmt.Errorf("compress %q: not gzip, huffman, zstd or none", name)
}

// newGzip returns a codec that writes gzip members of that level with one compressor, used again for every member.
func newGzip(level int) (codec, error) {
	var member memory
	compressor, err := gzip.NewWriterLevel(&member, level)
	if err != nil {
		return nil, err
	}
	return func(dst, src []byte) ([]byte, error) {
		member = dst
		compressor.Reset(&member)
		if _, err := compressor.Write(src); err != nil {
			return nil, err
		}
		err := compressor.Close()
		return member, err
	}, nil
}

// memory is a Writer that appends to itself.
type memory []byte

func (m *memory) Write(p []byte) (int, error) {
	*m = append(*m, p...)
	return len(p), nil
}
