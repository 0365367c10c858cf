package main

import (
	"bytes"
	"os"
	"testing"
)

// State by key has its owners on other hosts, and the results are those of one machine.
func TestKeyedResultsOfAClusterAreTheSame(t *testing.T) {
	l := newLab(t)
	l.up(3)
	for app, args := range map[string][]string{
		"query2":    {"--app", "query2", "--lines", "300000"},
		"wordcount": {"--app", "wordcount", "--input", "words.txt"},
	} {
		var text bytes.Buffer
		for i := range 200_000 {
			text.WriteString([]string{"the ", "naïve ", "cat\n", "only" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + " "}[i%4])
		}
		if err := os.WriteFile(l.path("words.txt"), text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		common := append([]string{"run", "--compress", "none"}, args...)
		here := l.do(append(common, "--local", "-o", app+"-here")...)
		there := l.do(append(common, "-o", app+"-there")...)
		want, err := os.ReadFile(l.path(app+"-here", "results.csv"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(l.path(app+"-there", "results.csv"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d: first difference at %d; %v\nhere\n%s\nthere\n%s", app, len(got), len(want), differ(got, want), err, here, there)
		}
		l.do("verify", app+"-there")
	}
	l.down()
}
