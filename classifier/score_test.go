package classifier

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"flashmob/flow"
)

// exact computes a score's definition in exact arithmetic: the digest of times writes, its first 53 bits over 2^53.
func exact(record []byte, times int) *big.Rat {
	h := sha256.New()
	for range times {
		h.Write(record)
	}
	bits := new(big.Int).SetBytes(h.Sum(nil))
	bits.Rsh(bits, sha256.Size*8-53)
	return new(big.Rat).SetFrac(bits, new(big.Int).Lsh(big.NewInt(1), 53))
}

// checkScore holds a printed score to the exact one: the same number, and no shorter way to print it.
func checkScore(t *testing.T, printed string, record []byte, times int) {
	t.Helper()
	want := exact(record, times)
	got, err := strconv.ParseFloat(printed, 64)
	if err != nil {
		t.Fatal(err)
	}
	if new(big.Rat).SetFloat64(got).Cmp(want) != 0 {
		t.Fatalf("%.60q × %d: %s, want %s", record, times, printed, want.FloatString(20))
	}
	if got < 0 || got >= 1 {
		t.Fatalf("%.60q × %d: %s is outside [0,1)", record, times, printed)
	}
	digits := strings.TrimRight(strings.TrimLeft(strings.NewReplacer(".", "", "-", "").Replace(strings.Split(printed, "e")[0]), "0"), "0")
	if n := len(digits); n > 1 {
		if f, _ := strconv.ParseFloat(strconv.FormatFloat(got, 'e', n-2, 64), 64); f == got {
			t.Fatalf("%s could be printed with %d digits", printed, n-1)
		}
	}
}

func TestScoreIsItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		record := make([]byte, random.IntN(300))
		for j := range record {
			record[j] = byte(random.Uint32())
		}
		times := 1 + i%13
		dst := []byte("kept,")
		got, ok := strings.CutPrefix(string(AppendScore(dst, record, times)), "kept,")
		if !ok {
			t.Fatal("AppendScore does not append")
		}
		checkScore(t, got, record, times)
	}
}

func TestScoreOfLargeRecordsIsNoDifferent(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 65, scratchLimit/10 - 1, scratchLimit / 10, scratchLimit/10 + 1, scratchLimit, scratchLimit + 1, 1 << 20} {
		record := bytes.Repeat([]byte("0123456789abcdef,"), size/17+1)[:size]
		for _, times := range []int{1, 2, 10} {
			checkScore(t, string(AppendScore(nil, record, times)), record, times)
		}
	}
}

func TestScoreLeavesTheRecordAlone(t *testing.T) {
	buf := []byte("out,record!behind")
	record := buf[4:10]
	AppendScore(make([]byte, 0, 4), record, 10)
	if string(buf) != "out,record!behind" {
		t.Errorf("%q", buf)
	}
}

// apply runs the flow with the settings over data.
func apply(t *testing.T, s Settings, data string) string {
	t.Helper()
	f, err := Flow(s)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	tally, rejects, err := f.Apply(strings.NewReader(data), &out, 0)
	if err != nil || len(rejects) > 0 || tally.In != tally.Emitted {
		t.Fatalf("%+v, %+v, %v", tally, rejects, err)
	}
	return out.String()
}

func TestFlowScoresRecordsAsTheyStand(t *testing.T) {
	records := []string{"1,2", "\"a,\r\nb\",\"\"\"\"", ",", "x ,\x00"}
	lines := strings.SplitAfter(apply(t, Settings{}, "A,B\r\n"+strings.Join(records, "\r\n")+"\r\n"), "\r\n")
	if lines[0] != "A,B,CLASSIFICATION\r\n" {
		t.Errorf("header %q", lines[0])
	}
	rest := strings.Join(lines[1:], "")
	for _, record := range records {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, record+","); !ok {
			t.Fatalf("%q does not follow in %q", record, rest)
		}
		score, behind, _ := strings.Cut(rest, "\r\n")
		checkScore(t, score, []byte(record), 10)
		rest = behind
	}
}

func TestSlowness(t *testing.T) {
	for slowness, times := range map[int]int{0: 10, 1: 1, 2: 2, 10: 10} {
		got, _ := strings.CutPrefix(apply(t, Settings{Slowness: slowness}, "A\nx\n"), "A,CLASSIFICATION\nx,")
		checkScore(t, strings.TrimSuffix(got, "\n"), []byte("x"), times)
	}
	for _, s := range []Settings{{Slowness: -1}, {Calibrate: -1}} {
		if f, err := Flow(s); err == nil {
			t.Errorf("%+v gives a flow: %v", s, f)
		}
	}
}

func TestCalibrateSpendsTimeAndChangesNothing(t *testing.T) {
	const cost, records = 3 * time.Millisecond, 5
	data := "A\n" + strings.Repeat("x\n", records)
	begun := time.Now()
	out := apply(t, Settings{Calibrate: cost}, data)
	if took := time.Since(begun); took < cost*records {
		t.Errorf("%d records took %s of the %s that they should", records, took, cost*records)
	}
	if want := apply(t, Settings{}, data); out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestFlowIsTheOriginals(t *testing.T) {
	f, err := Flow(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != Name || f.Source != flow.CSV || string(f.Generator.Header) != "ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION" {
		t.Errorf("%+v", f)
	}
}
