package main

import (
	"bytes"
	"cmp"
	"math/bits"
	"os"
	"slices"
	"strconv"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// write writes the groups in order, gzip-compressed: each worker a range of keys.
func write(output string, all []group, workers int) error {
	var sample []uint64
	for i := 0; i < len(all); i += 1 + len(all)/1000 {
		sample = append(sample, all[i].key)
	}
	slices.Sort(sample)
	ranges := make([][]group, workers)
	var borders []uint64
	for w := 1; w < workers && len(sample) > 0; w++ {
		borders = append(borders, sample[len(sample)*w/workers])
	}
	for _, g := range all {
		at, _ := slices.BinarySearch(borders, g.key)
		ranges[at] = append(ranges[at], g)
	}
	bodies := make([][]byte, workers)
	var writing errgroup.Group
	for w := range workers {
		writing.Go(func() (err error) {
			bodies[w], err = packed(ranges[w], w == 0)
			return err
		})
	}
	if err := writing.Wait(); err != nil {
		return err
	}
	return os.WriteFile(output, bytes.Join(bodies, nil), 0o644)
}

// packed returns the groups in order as a member of a gzip file.
func packed(groups []group, titled bool) ([]byte, error) {
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.key, b.key) })
	var body bytes.Buffer
	packer, err := gzip.NewWriterLevel(&body, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 128<<10)
	if titled {
		out = append(out, "prefix,revenue\n"...)
	}
	for _, g := range groups {
		for key := g.key; key != 0; key <<= 8 {
			out = append(out, byte(key>>56))
		}
		out = append(appendAmount(append(out, ','), g.high, g.low), '\n')
		if len(out) > 64<<10 {
			if _, err := packer.Write(out); err != nil {
				return nil, err
			}
			out = out[:0]
		}
	}
	if _, err := packer.Write(out); err != nil {
		return nil, err
	}
	err = packer.Close()
	return body.Bytes(), err
}

// appendAmount writes a whole number of 10^-18 as a decimal without trailing zeros.
func appendAmount(dst []byte, high, low uint64) []byte {
	const one = 1_000_000_000_000_000_000
	whole, fraction := bits.Div64(high, low, one)
	dst = strconv.AppendUint(dst, whole, 10)
	if fraction == 0 {
		return dst
	}
	at := len(dst)
	dst = strconv.AppendUint(dst, fraction+one, 10)
	dst[at] = '.'
	return bytes.TrimRight(dst, "0")
}
