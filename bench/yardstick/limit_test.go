package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// plain is the job with no thought for speed: one loop, the definition word for word, no blocks.
func plain(input string, slowness int) string {
	var out strings.Builder
	for i, line := range strings.SplitAfter(input, "\n") {
		record, ended := strings.CutSuffix(line, "\n")
		switch {
		case line == "":
			continue
		case i == 0:
			out.WriteString(record + ",CLASSIFICATION")
		default:
			sum := sha256.Sum256([]byte(strings.Repeat(record, slowness)))
			fmt.Fprintf(&out, "%s,%v", record, float64(binary.BigEndian.Uint64(sum[:8])>>11)/(1<<53))
		}
		if ended {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// run classifies input and returns the decompressed output, read by another library than the one that wrote it.
func run(t *testing.T, config Config, input string) string {
	t.Helper()
	dir := t.TempDir()
	config.Input, config.Output = filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(config.Input, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := classify(config); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(config.Output)
	if err != nil || len(data) == 0 {
		return string(data)
	}
	var plain io.Reader = bytes.NewReader(data)
	switch config.Compress {
	case "gzip", "huffman":
		plain, err = gzip.NewReader(plain)
	case "zstd":
		plain, err = zstd.NewReader(plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err = io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func sample(rows int) string {
	var b strings.Builder
	b.WriteString("ID,SKU\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%s\n", i, strings.Repeat("x", i%50))
	}
	return b.String()
}

func TestBlocksOfAnySizeGiveTheSameBytes(t *testing.T) {
	inputs := map[string]string{
		"empty":         "",
		"header":        "ID,SKU\n",
		"bare header":   "ID,SKU",
		"rows":          sample(300),
		"no final end":  sample(20) + "last",
		"empty lines":   "ID\n\n\n\n1\n\n",
		"a long record": sample(3) + strings.Repeat("y", 3*overlap) + "\n" + sample(3),
	}
	for name, input := range inputs {
		want := plain(input, 3)
		for _, block := range []int{1, 2, 7, 64, 1000, 1 << 20} {
			for _, workers := range []int{1, 3} {
				config := Config{Workers: workers, Slowness: 3, Compress: "none", Block: block}
				if got := run(t, config, input); got != want {
					t.Fatalf("%s, block %d, workers %d:\n%.300q\nwant\n%.300q", name, block, workers, got, want)
				}
			}
		}
	}
}

func TestCodecsGiveTheSameBytes(t *testing.T) {
	input := sample(5000)
	want := plain(input, 10)
	for _, name := range []string{"gzip", "huffman", "zstd", "none"} {
		if got := run(t, Config{Workers: 2, Slowness: 10, Compress: name, Block: 8 << 10}, input); got != want {
			t.Errorf("%s: the output differs", name)
		}
	}
}

func TestErrorsEndTheJob(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.WriteFile(in, []byte(sample(10)), 0o600); err != nil {
		t.Fatal(err)
	}
	good := Config{Input: in, Output: filepath.Join(dir, "out"), Workers: 2, Slowness: 1, Compress: "gzip", Block: 16}
	for name, spoil := range map[string]func(*Config){
		"no input": func(c *Config) { c.Input = filepath.Join(dir, "absent") },
		"codec":    func(c *Config) { c.Compress = "rar" },
		"full":     func(c *Config) { c.Output = "/dev/full" },
	} {
		config := good
		spoil(&config)
		if err := classify(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
