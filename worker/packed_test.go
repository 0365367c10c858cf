package worker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// framed compresses a text as zstd frames of a size, and returns it as an input.
func framed(t *testing.T, text []byte, size int) input.Input {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	var packed []byte
	for rest := text; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		packed = w.EncodeAll(rest[:min(size, len(rest))], packed)
	}
	path := filepath.Join(t.TempDir(), "input.zst")
	if err := os.WriteFile(path, packed, 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !in.HasRanges() {
		t.Fatal("it is one unit")
	}
	return in
}

func TestACompressedFileOfSeveralUnitsGivesTheResultsOfTheFile(t *testing.T) {
	giant := strings.Repeat("giant ", 400_000)
	lines := append(wildText(60_000), "\n"+giant+"\nand on\n"...)
	lines = append(lines, wildText(60_000)...)
	var rows bytes.Buffer
	rows.WriteString("a,b,c\n")
	for i := range 60_000 {
		fmt.Fprintf(&rows, "%d,\"line\nof, %d\",x\n", i, i*i)
	}
	for name, c := range map[string]struct {
		flow *flow.Flow
		text []byte
	}{
		"lines": {through(flow.Lines, 2, &fake{}), lines},
		"csv":   {tag(), rows.Bytes()},
		"wild":  {tag(), wildCSV(4000)},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario{flow: c.flow, slots: 3, maxRecord: 1 << 20}
			s.inputs = []input.Input{file(t, c.text)}
			want := s.results(t)
			for _, size := range []int{300_000, 1_000_000} {
				for _, rows := range []int{0, 500} {
					s.inputs, s.batchRows = []input.Input{framed(t, c.text, size)}, rows
					if got := s.results(t); !bytes.Equal(got, want) {
						t.Errorf("frames of %d, batch rows %d: differs at byte %d", size, rows, difference(got, want))
					}
				}
			}
			s.batchRows, s.dir = 40, filepath.Join(t.TempDir(), "out")
			interrupted(t, s)
			s.resume, s.batchRows = true, 0
			if _, err := s.run(t); err != nil {
				t.Fatal(err)
			}
			m, err := manifest.Verify(t.Context(), s.dir, []string{s.inputs[0].URI})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(s.dir, m.Results)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("resumed: differs at byte %d; %v", difference(got, want), err)
			}
		})
	}
}
