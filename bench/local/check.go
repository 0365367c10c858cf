package main

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// sums are SHA-256 of decompressed results: of all of them, and of what follows the first line.
type sums struct{ whole, body [sha256.Size]byte }

// known are the sums of compressed files seen before: an output that is the same to the byte need not be decompressed
// again, which would take longer than the contender did.
type known map[[sha256.Size]byte]sums

// sumOutput returns the sums and the size of the one file that the pattern names.
func (k known) sumOutput(pattern string) (sums, int64, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) != 1 {
		return sums{}, 0, fmt.Errorf("output %s: %d files, want one", pattern, len(paths))
	}
	file, err := os.Open(paths[0])
	if err != nil {
		return sums{}, 0, err
	}
	defer file.Close()
	packed := sha256.New()
	size, err := io.Copy(packed, file)
	if err != nil {
		return sums{}, 0, err
	}
	key := [sha256.Size]byte(packed.Sum(nil))
	found, ok := k[key]
	if !ok {
		if found, err = sumFile(paths[0]); err != nil {
			return sums{}, 0, err
		}
		k[key] = found
	}
	return found, size, nil
}

// sumFile returns the sums of a file, decompressed as its name says. gzip is read by the standard library, which none
// of the contenders writes with.
func sumFile(path string) (sums, error) {
	file, err := os.Open(path)
	if err != nil {
		return sums{}, err
	}
	defer file.Close()
	var plain io.Reader = file
	switch {
	case strings.HasSuffix(path, ".gz"):
		plain, err = gzip.NewReader(bufio.NewReaderSize(file, 1<<20))
	case strings.HasSuffix(path, ".zst"):
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(file, zstd.WithDecoderConcurrency(1)); err == nil {
			defer decoder.Close()
			plain = decoder
		}
	}
	if errors.Is(err, io.EOF) {
		return sum(strings.NewReader("")) // no member at all: the results of an empty input
	}
	if err != nil {
		return sums{}, fmt.Errorf("output %s: %w", path, err)
	}
	found, err := sum(plain)
	if err != nil {
		return sums{}, fmt.Errorf("output %s: %w", path, err)
	}
	return found, nil
}

// sum reads plain to its end.
func sum(plain io.Reader) (sums, error) {
	whole, body := sha256.New(), sha256.New()
	lines := bufio.NewReaderSize(plain, 1<<20)
	for {
		header, err := lines.ReadSlice('\n')
		whole.Write(header)
		if err == nil || err == io.EOF {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return sums{}, err
		}
	}
	if _, err := io.Copy(io.MultiWriter(whole, body), lines); err != nil {
		return sums{}, err
	}
	return sums{[sha256.Size]byte(whole.Sum(nil)), [sha256.Size]byte(body.Sum(nil))}, nil
}
