package orchestrator

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flashmob/apps"
	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// rowsOf makes a CSV of n rows whose last quarter is ten times as long as the rest.
func rowsOf(n int) []byte {
	var b bytes.Buffer
	b.WriteString("ID,TEXT\n")
	for i := range n {
		length := 20
		if i >= n*3/4 {
			length = 200
		}
		fmt.Fprintf(&b, "%d,%s\n", i, strings.Repeat("x", length))
	}
	return b.Bytes()
}

// inputFile writes a file and describes it.
func inputFile(t *testing.T, name string, text []byte) input.Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestSampleIsTakenFromAllOfAFile(t *testing.T) {
	const rows = 1_000_000
	text := rowsOf(rows)
	for name, in := range map[string]input.Input{"large": inputFile(t, "large.csv", text), "small": inputFile(t, "small.csv", rowsOf(1000))} {
		taken, err := takeRecords([]input.Input{in}, flow.CSV, 16<<20)
		if err != nil {
			t.Fatal(err)
		}
		want := 1000.
		if name == "large" {
			want = rows
		}
		if off := math.Abs(taken.total/want - 1); off > 0.1 || (name == "small") != taken.counted {
			t.Errorf("%s: %v rows, counted %t, want %v", name, taken.total, taken.counted, want)
		}
		if string(taken.header) != "ID,TEXT\n" {
			t.Errorf("%s: the header is %q", name, taken.header)
		}
		long := 0
		for _, record := range taken.records[:800] {
			if len(record) > 100 {
				long++
			}
		}
		if name == "large" && (long < 100 || long > 400) { // a quarter of the rows, half of the places
			t.Errorf("%d of the first 800 rows are long ones", long)
		}
	}
}

func TestRecordsOfASampleAreWhole(t *testing.T) {
	quoted := []byte("A,B\n" + strings.Repeat("1,\"two\nlines\"\n", 500_000))
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(quoted); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]input.Input{"plain": inputFile(t, "a.csv", quoted), "packed": inputFile(t, "a.csv.gz", packed.Bytes())} {
		taken, err := takeRecords([]input.Input{in}, flow.CSV, 16<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range taken.records {
			if string(record) != "1,\"two\nlines\"\n" {
				t.Fatalf("%s: a record is %q", name, record)
			}
		}
		if taken.extension != ".csv" || math.Abs(taken.total/500_000-1) > 0.2 {
			t.Errorf("%s: %v rows of %s", name, taken.total, taken.extension)
		}
	}
	last := inputFile(t, "b.csv", []byte("A\n1\n2"))
	taken, err := takeRecords([]input.Input{last, last}, flow.CSV, 16<<20)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(taken.records, bytes.Compare)
	if string(bytes.Join(taken.records, nil)) != "1\n1\n2\n2\n" {
		t.Errorf("%q, %v", taken.records, err)
	}
	if _, err := takeRecords([]input.Input{input.Stdin}, flow.CSV, 16<<20); !errors.Is(err, ErrNoSample) {
		t.Errorf("standard input: %v", err)
	}
}

func TestSampleRunsTheProgramAndLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	own := time.Duration(0)
	usage := func() (time.Duration, time.Duration) { own += time.Millisecond; return own, 3 * own }
	config := Config{
		Identity: manifest.Run{App: "classifier", Settings: json.RawMessage(`{"slowness":10}`), MaxRecord: 1 << 20, Compress: "gzip", Results: "results.csv.gz",
			Inputs: []input.Input{inputFile(t, "a.csv", rowsOf(5000))}},
		Output: "never", Workers: 2, Flow: apps.New,
	}
	s, err := Sample(context.Background(), config, 200*time.Millisecond, usage)
	if err != nil {
		t.Fatal(err)
	}
	last := s.Trials[len(s.Trials)-1]
	if len(s.Trials) < 3 || last.Rows <= s.Trials[0].Rows || last.Took <= 0 || last.Own != time.Millisecond || last.Others != 2*time.Millisecond {
		t.Errorf("the trials are %+v", s.Trials)
	}
	if s.Rows != 5000 || !s.Counted || s.Slots != 2 || s.Packed <= 0 || s.Packed >= 1 || s.Bytes == 0 || s.Results == 0 || s.Operator {
		t.Errorf("%+v", s)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat("never"); err == nil {
		t.Error("it wrote into the output folder")
	}
	config.Identity.Inputs = []input.Input{input.Generated("classifier", 100_000, 1)}
	if s, err = Sample(context.Background(), config, 100*time.Millisecond, usage); err != nil || s.Rows != 100_000 || s.Packed != 1 {
		t.Errorf("generated: %+v, %v", s, err)
	}
}

// A long-lived program takes several batches ahead. A sample of few rows that one slot had alone would say that they take twice as long.
func TestRowsOfASampleAreSpreadOverAllSlots(t *testing.T) {
	log := filepath.Join(t.TempDir(), "who")
	command := fmt.Sprintf(`while IFS= read -r row; do echo $$ >> '%s'; sleep 0.005; echo "$row"; done`, log)
	settings, err := json.Marshal(map[string]string{"command": command, "mode": "lines"})
	if err != nil {
		t.Fatal(err)
	}
	config := Config{
		Identity: manifest.Run{App: "exec", Settings: settings, MaxRecord: 1 << 20, Compress: "gzip", Results: "results.gz",
			Inputs: []input.Input{inputFile(t, "a.txt", bytes.Repeat([]byte("a row\n"), 1000))}},
		Output: "never", Workers: 2, Flow: apps.New,
	}
	s, err := Sample(context.Background(), config, 300*time.Millisecond, func() (own, machine time.Duration) { return 0, 0 })
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	who := strings.Fields(string(text))
	for i, trial := range s.Trials {
		rows := map[string]int64{}
		for _, pid := range who[:trial.Rows] {
			rows[pid]++
		}
		who = who[trial.Rows:]
		for pid, n := range rows {
			if trial.Rows >= 32 && (len(rows) != 2 || 5*n < trial.Rows) {
				t.Errorf("trial %d of %d rows: process %s of %d had %d", i, trial.Rows, pid, len(rows), n)
			}
		}
	}
	if last := s.Trials[len(s.Trials)-1].Rows; last < 32 || len(who) > 0 {
		t.Errorf("the last trial has %d rows, and %d rows belong to none", last, len(who))
	}
}

func TestRecordsOfASampleMayBeOfAnyLength(t *testing.T) {
	long := inputFile(t, "long.csv", []byte("A\n"+strings.Repeat(strings.Repeat("x", 400<<10)+"\n", 30)))
	taken, err := takeRecords([]input.Input{long}, flow.CSV, 1<<20)
	if err != nil || len(taken.records) == 0 || math.Abs(taken.total/30-1) > 0.1 || string(taken.header) != "A\n" {
		t.Errorf("%+v, %v", taken, err)
	}
	if _, err := takeRecords([]input.Input{long}, flow.CSV, 100<<10); !errors.Is(err, errTooLong) {
		t.Errorf("records that are all too long: %v", err)
	}
}

// What is a quote in one dialect is text in another.
func TestSampleIsCutAsTheRunIs(t *testing.T) {
	var rows strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&rows, "%d,\"\n", i)
	}
	usage := func() (own, machine time.Duration) { return 0, 0 }
	config := Config{
		Identity: manifest.Run{App: "exec", Settings: json.RawMessage(`{"command":"cat","mode":"batch","format":"csv","header":true}`), MaxRecord: 1 << 20,
			Compress: "gzip", Results: "results.gz", Quote: "none", NoHeader: true, Inputs: []input.Input{inputFile(t, "a.csv", []byte(rows.String()))}},
		Output: "never", Workers: 2, Flow: apps.New,
	}
	if s, err := Sample(context.Background(), config, 10*time.Millisecond, usage); err != nil || s.Rows != 1000 {
		t.Errorf("%v rows, %v", s.Rows, err)
	}
	config.Identity.NoHeader = false
	for _, text := range []string{"", "A,B\n"} {
		config.Identity.Inputs[0] = inputFile(t, "none.csv", []byte(text))
		if s, err := Sample(context.Background(), config, time.Millisecond, usage); err != nil || len(s.Trials) != 1 || s.Trials[0].Rows != 0 {
			t.Errorf("%q: %+v, %v", text, s.Trials, err)
		}
	}
}
