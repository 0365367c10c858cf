package main

import (
	"bytes"
	"io"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"
)

// block is how much is read at a time: it fits a core's cache.
const block = 256 << 10

// query sums up the file's revenue by the first 8 bytes of the address, and returns the number of groups.
func query(input, output string, workers int) (int, error) {
	file, err := os.Open(input)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	// tables[w][p] is what worker w found of partition p.
	tables := make([][]table, workers)
	var reading errgroup.Group
	for w := range workers {
		reading.Go(func() error {
			tables[w] = make([]table, workers)
			from, to := info.Size()*int64(w)/int64(workers), info.Size()*int64(w+1)/int64(workers)
			return lines(file, from, to, func(row []byte) error { return visit(row, tables[w]) })
		})
	}
	if err := reading.Wait(); err != nil {
		return 0, err
	}
	parts := make([][]group, workers)
	var merging errgroup.Group
	for p := range workers {
		merging.Go(func() error {
			first := &tables[0][p]
			for w := 1; w < workers; w++ {
				first.merge(&tables[w][p])
			}
			parts[p] = first.groups()
			return nil
		})
	}
	if err := merging.Wait(); err != nil {
		return 0, err
	}
	all := slices.Concat(parts...)
	return len(all), write(output, all, workers)
}

// lines calls each with every line that begins in [from, to), without its end.
func lines(file io.ReaderAt, from, to int64, each func(row []byte) error) error {
	buf := make([]byte, 0, 2*block)
	at := from
	if from > 0 {
		at-- // so that a line that begins at from is found behind the end of the one before
	}
	skip := from > 0
	for {
		n, err := file.ReadAt(buf[len(buf):len(buf)+block], at+int64(len(buf)))
		last := err == io.EOF
		if err != nil && !last {
			return err
		}
		buf = buf[:len(buf)+n]
		used := 0
		for at+int64(used) < to {
			end := bytes.IndexByte(buf[used:], '\n')
			if end < 0 {
				if !last || used == len(buf) {
					break
				}
				end = len(buf) - used
			}
			if skip {
				skip = false
			} else if err := each(buf[used : used+end]); err != nil {
				return err
			}
			used = min(used+end+1, len(buf))
		}
		at += int64(used)
		buf = buf[:copy(buf, buf[used:])]
		if at >= to || last {
			return nil
		}
	}
}
