package main

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// proven returns an error unless down says that nothing is left.
func proven(said string) error {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "0 left, ") {
			return nil
		}
	}
	return fmt.Errorf("down does not say that nothing is left:\n%s", said)
}

// sameResults returns an error unless the results in two folders are the same bytes, decompressed.
func sameResults(want, got string) error {
	wanted, err := sum(filepath.Join(want, "results.csv.gz"))
	if err != nil {
		return err
	}
	have, err := sum(filepath.Join(got, "results.csv.gz"))
	if err != nil {
		return err
	}
	if wanted != have {
		return errors.New("the cluster's results are not those of the local run")
	}
	return nil
}

// sum is the SHA-256 of a compressed file's contents.
func sum(path string) (sum [sha256.Size]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer file.Close()
	contents, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return sum, fmt.Errorf("%s: %w", path, err)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, contents); err != nil {
		return sum, fmt.Errorf("%s: %w", path, err)
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}
