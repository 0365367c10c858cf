package query2

import (
	"bytes"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"flashmob/flow"
)

// run applies the application to data.
func run(t testing.TB, prefix int, data []byte) (string, flow.Tally, []flow.Reject) {
	t.Helper()
	f, err := Flow(Settings{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	tally, rejects, err := f.Apply(bytes.NewReader(data), &out, 0)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), tally, rejects
}

// rows generates n rows.
func rows(n int64) []byte {
	g := flow.Generator{Row: AppendRow}
	return g.Append(nil, 1, 0, n)
}

// naive is the query with a map and rational numbers.
func naive(data string, prefix int) string {
	sums := map[string]*big.Rat{}
	for line := range strings.Lines(data) {
		columns := strings.Split(line, ",")
		amount, _ := new(big.Rat).SetString(columns[3])
		key := columns[0][:min(prefix, len(columns[0]))]
		if sums[key] == nil {
			sums[key] = new(big.Rat)
		}
		sums[key].Add(sums[key], amount)
	}
	var out strings.Builder
	out.WriteString("prefix,revenue\n")
	for _, key := range slices.Sorted(maps.Keys(sums)) {
		text := sums[key].FloatString(30)
		fmt.Fprintf(&out, "%s,%s\n", key, strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
	}
	return out.String()
}

func TestWholeTableIsTheNaiveOne(t *testing.T) {
	data := rows(60_000)
	for _, prefix := range []int{8, 10, 12} {
		got, tally, rejects := run(t, prefix, data)
		if want := naive(string(data), prefix); got != want {
			t.Errorf("prefix %d: %.200q, want %.200q", prefix, got, want)
		}
		if tally.In != 60_000 || tally.Out != 60_000 || len(rejects) != 0 {
			t.Errorf("%+v, %.3v", tally, rejects)
		}
	}
}

func TestRowsThatAreNotVisitsAreRejected(t *testing.T) {
	row := func(address, amount string) string { return address + ",u,d," + amount + ",a,c,l,w,1\n" }
	data := strings.Join([]string{
		"too,few\n",
		row("1.2.3.4", "0.5"),
		row("100.200.30.40", "9.765625E-4"),
		row("100.200.31.40", "-1"),
		row("1.2.3.4", "x"),
		row("1.2.3.4", ""),
		row("1.2.3.4", "1e-19"),
		"\n",
		row(`"1.2.3.4"`, `"0.25"`),
		"1.2.3.4,\"a,\"\"b\",d,0.125,a,c,l,w,1\n",
		row("1.2.3.4", "1,2"),
		strings.TrimSuffix(row("", ".0"), "\n"),
	}, "")
	got, tally, rejects := run(t, 0, []byte(data))
	if want := "prefix,revenue\n,0\n1.2.3.4,0.875\n100.200.,-0.9990234375\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var lines []int64
	for _, r := range rejects {
		lines = append(lines, r.Line)
	}
	if want := []int64{0, 4, 5, 6, 7, 10}; !slices.Equal(lines, want) || tally.In != 12 {
		t.Errorf("rejected %v, want %v; %+v", lines, want, tally)
	}
}

func TestGroupsAreAsManyAsPredicted(t *testing.T) {
	// Of n rows an address prefix of probability p is hit with 1-(1-p)^n; summed up over all prefixes:
	predicted := map[int64]map[int]float64{
		10_000:    {8: 9_636, 10: 9_990, 12: 9_999},
		1_000_000: {8: 341_311, 10: 914_052, 12: 989_847},
	}
	all := rows(1_000_000)
	for n, byPrefix := range predicted {
		for prefix, want := range byPrefix {
			groups, rest := map[string]bool{}, all
			for range n {
				comma := bytes.IndexByte(rest, ',')
				groups[string(rest[:min(prefix, comma)])] = true
				rest = rest[bytes.IndexByte(rest, '\n')+1:]
			}
			if got := float64(len(groups)); got < want*0.995 || got > want*1.005 {
				t.Errorf("%d rows, prefix %d: %.0f groups, predicted %.0f", n, prefix, got, want)
			}
		}
	}
	size := float64(len(all)) / 1e6
	if size < 135 || size > 150 {
		t.Errorf("a row takes %.1f bytes, the original's 142", size)
	}
}

func TestFloatsAreWrittenAsJavaDoes(t *testing.T) {
	for f, want := range map[float32]string{
		0: "0.0", 0.5: "0.5", 0.14202267: "0.14202267", 0.001: "0.001", 0.0009765625: "9.765625E-4", 0.0001: "1.0E-4",
		1.0 / (1 << 24): "5.9604645E-8", 0.99999994: "0.99999994",
	} {
		if got := string(appendFloat(nil, f)); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
}

func TestOtherPrefixesAreRefused(t *testing.T) {
	for _, prefix := range []int{-1, 1, 9, 16} {
		if _, err := Flow(Settings{Prefix: prefix}); err == nil {
			t.Errorf("%d is accepted", prefix)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	f, err := Flow(Settings{})
	if err != nil {
		b.Fatal(err)
	}
	data := rows(400_000)
	pass := f.NewPass(flow.Limits{Fields: columns, MaxRecord: 16 << 20, Partitions: 64})
	b.SetBytes(int64(len(data)))
	var segments [][]byte
	for b.Loop() {
		pass.Begin()
		for rest := data; len(rest) > 0; {
			n := bytes.LastIndexByte(rest[:min(len(rest), 256<<10)], '\n') + 1
			if err := pass.Run(rest[:n], nil); err != nil {
				b.Fatal(err)
			}
			rest = rest[n:]
		}
		for i := range segments {
			segments[i] = segments[i][:0]
		}
		segments = pass.Entries(segments)
	}
}

func BenchmarkApply(b *testing.B) {
	f, err := Flow(Settings{})
	if err != nil {
		b.Fatal(err)
	}
	const partitions, n = 64, 2_000_000
	pass := f.NewPass(flow.Limits{Fields: columns, Partitions: partitions})
	pass.Begin()
	if err := pass.Run(rows(n), nil); err != nil {
		b.Fatal(err)
	}
	segments := pass.Entries(nil)
	for b.Loop() {
		for i, segment := range segments {
			if _, err := f.Keyed()[0].NewState(i, partitions).Apply(segment, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/entry")
}

func BenchmarkResults(b *testing.B) {
	f, err := Flow(Settings{})
	if err != nil {
		b.Fatal(err)
	}
	const partitions, n = 64, 1_000_000
	k := f.Keyed()[0]
	pass := f.NewPass(flow.Limits{Fields: columns, Partitions: partitions})
	pass.Begin()
	if err := pass.Run(rows(n), nil); err != nil {
		b.Fatal(err)
	}
	var states []*flow.State
	for i, segment := range pass.Entries(nil) {
		states = append(states, k.NewState(i, partitions))
		if _, err := states[i].Apply(segment, nil); err != nil {
			b.Fatal(err)
		}
	}
	runs := make([][]byte, partitions)
	b.Run("sort", func(b *testing.B) {
		for b.Loop() {
			for i, s := range states {
				runs[i] = s.Run(runs[i][:0])
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			stretches, err := k.Split(runs, 16)
			if err != nil {
				b.Fatal(err)
			}
			for _, s := range stretches {
				if _, err := k.Write(s, func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
