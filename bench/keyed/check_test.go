package main

import (
	"os"
	"path/filepath"
	"testing"

	"flashmob/bench"
)

func TestTablesAreComparedWhole(t *testing.T) {
	const right = "prefix,revenue\na,0.5\nb,1\n"
	for _, test := range []struct {
		table  string
		floats bool
		want   bench.Output
	}{
		{right, false, bench.Same},
		{"prefix,revenue\na,0.500\nb,1.0\n", false, bench.Same},
		{"prefix,revenue\na,0.5\n", false, bench.Wrong},
		{"prefix,revenue\nb,1\na,0.5\n", false, bench.Wrong},
		{"prefix,revenue\na,0.50000000000000001\nb,1\n", false, bench.Wrong},
		{"prefix,revenue\na,0.50000000000000001\nb,1\n", true, bench.Same},
		{"prefix,revenue\na,0.51\nb,1\n", true, bench.Wrong},
		{"prefix,revenue\nc,0.5\nb,1\n", true, bench.Wrong},
	} {
		var reference results
		for i, table := range []string{right, test.table} {
			c := &contender{output: filepath.Join(t.TempDir(), "results.csv"), floats: i == 1 && test.floats}
			if err := os.WriteFile(c.output, []byte(table), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := reference.check(c); err != nil {
				t.Fatal(err)
			}
			if i == 1 && c.Output != test.want {
				t.Errorf("%q: %s, want %s", test.table, c.Output, test.want)
			}
		}
	}
}
