package classifier

import (
	"bytes"
	"crypto/md5"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"flashmob/flow"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGeneratedRowsStayWhatTheyAre(t *testing.T) {
	g := flow.Generator{Row: AppendRow}
	for _, seed := range []uint64{1, 7} {
		got := fmt.Appendf(nil, "%s\n", Header)
		for _, from := range []int64{0, 99, 999_998, 1 << 40, math.MaxInt64 - 2} {
			got = g.Append(got, seed, from, from+2)
		}
		golden := filepath.Join("testdata", fmt.Sprintf("seed%d.golden.csv", seed))
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("seed %d: rows differ from %s:\n%s", seed, golden, got)
		}
	}
}

func TestAnyStretchHasTheSameRows(t *testing.T) {
	g := flow.Generator{Row: AppendRow}
	whole := g.Append(nil, 3, 0, 1000)
	for _, step := range []int64{1, 7, 999} {
		var got []byte
		for at := int64(0); at < 1000; at += step {
			got = g.Append(got, 3, at, min(at+step, 1000))
		}
		if !bytes.Equal(got, whole) {
			t.Errorf("stretches of %d rows differ", step)
		}
	}
	if bytes.Equal(g.Append(nil, 4, 0, 1000), whole) {
		t.Error("another seed gives the same rows")
	}
}

// hexMD5 is the MD5 of a number's decimal text.
func hexMD5(n int) string { return fmt.Sprintf("%x", md5.Sum([]byte(strconv.Itoa(n)))) }

func TestColumnsAreWithinTheirRanges(t *testing.T) {
	const rows = 50000
	digests := map[string]int{}
	for n := 1; n <= 20000; n++ {
		digests[hexMD5(n)] = n
	}
	var skus, descriptions, sum float64
	for i := range rows {
		row := string(AppendRow(nil, 1, int64(i)))
		c := strings.Split(row, ",")
		if len(c) != 5 || len(c[4]) != 64 {
			t.Fatalf("row %q", row)
		}
		sku, err := strconv.Atoi(c[1])
		if err != nil || sku < 1 || sku > 100000 {
			t.Fatalf("row %d: SKU %q", i, c[1])
		}
		flux, err := strconv.ParseFloat(c[2], 64)
		if err != nil || flux < 0 || flux >= 1 || strconv.FormatFloat(flux, 'g', -1, 64) != c[2] {
			t.Fatalf("row %d: FLUX %q", i, c[2])
		}
		half := c[4][:32]
		if c[0] != strconv.Itoa(i) || c[3] != hexMD5(i) || digests[half] == 0 || c[4] != half+half {
			t.Fatalf("row %d: %q", i, row)
		}
		skus, descriptions, sum = skus+float64(sku), descriptions+float64(digests[half]), sum+flux
	}
	// A mean of so many draws from a range of width w lies within w/100 of its middle; w/√12/√rows is w/775.
	for name, off := range map[string]float64{
		"SKU": skus/rows/100000 - 0.5, "FLUX": sum/rows - 0.5, "DESCRIPTION": descriptions/rows/20000 - 0.5,
	} {
		if math.Abs(off) > 0.01 {
			t.Errorf("the mean of %s is off the middle by %.3f of its range", name, off)
		}
	}
}
