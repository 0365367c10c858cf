package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashmob/bench"
)

// An input has as many distinct keys as it says, and about the size.
func TestInputsHaveTheirKeys(t *testing.T) {
	for _, app := range []string{query2, wordcount} {
		path := filepath.Join(t.TempDir(), app)
		lines, err := makeInput(path, app, 1000, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for line := range bytes.Lines(body) {
			keys[string(line[:8])] = true
		}
		if len(keys) != 1000 || lines != bytes.Count(body, []byte{'\n'}) || len(body) < 100_000 || len(body) > 101_000 {
			t.Errorf("%s: %d keys, %d lines, %d bytes", app, len(keys), lines, len(body))
		}
	}
}

// The page has every run, what a key takes, and whether memory stays where it is with more input.
func TestTheTableSaysWhatAKeyTakes(t *testing.T) {
	c := config{keys: 1_000_000, size: 250_000_000}
	report := &bench.Report{}
	for _, app := range []string{query2, wordcount} {
		for i, peak := range []int64{100_000_000, 290_000_000, 400_000_000} {
			report.Records = append(report.Records, bench.Record{Name: c.trials(app)[i].name(), Samples: []bench.Sample{{Peak: peak}}})
		}
	}
	target := c.target(report, query2)
	if target.Verdict != bench.Fail || target.Measured != "1.38 times" {
		t.Errorf("%+v", target)
	}
	page := markdown(c, report)
	for _, want := range []string{"query2, 50000 keys, 250 MB", "wordcount, 1000000 keys, 1000 MB", "query2: 200 bytes a key", "wordcount: 200 bytes a key"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
