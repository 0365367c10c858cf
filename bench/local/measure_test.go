package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"flashmob/bench"
)

func TestMeasureRunsTheLimit(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	config := Config{Rows: 3000, Runs: 2, Slowness: 2, Workers: 2, Only: []string{"limit*"}, Dir: dir,
		Results: filepath.Join(dir, "local.json"), Log: &log}
	report, err := measure(t.Context(), config)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	if len(report.Records) != 4 {
		t.Errorf("%d records, want gzip, slowness 1, zstd and huffman", len(report.Records))
	}
	for _, r := range report.Records {
		if len(r.Samples) != 2 || r.Output != bench.Same || r.Rate() == 0 || r.OutputBytes == 0 {
			t.Errorf("%s: %+v", r.Name, r)
		}
	}
	if _, err := os.Stat(config.Results); err != nil {
		t.Error(err)
	}
}

func TestMeasureSaysWhatItCannotDo(t *testing.T) {
	good := Config{Rows: 1, Runs: 1, Slowness: 1, Workers: 1}
	for name, spoil := range map[string]func(*Config){
		"rows":    func(c *Config) { c.Rows = 0 },
		"runs":    func(c *Config) { c.Runs = -1 },
		"pattern": func(c *Config) { c.Only = []string{"[a"} },
	} {
		config := good
		spoil(&config)
		if _, err := measure(t.Context(), config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCompeteStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	c := scripted(t, ": > out.csv")
	err := compete(ctx, Config{Runs: 1}, []*contender{c}, map[job]sums{{}: mustSum(t, "")})
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want the cause", err)
	}
}

func TestOnlySelectsByPattern(t *testing.T) {
	config := Config{Only: []string{"limit", "parallel-own*"}}
	var names []string
	for _, c := range selected(config, programs{}) {
		names = append(names, c.Name)
	}
	want := "limit parallel-own-gzip-4M parallel-own-gzip-16M parallel-own-gzip-64M"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("selected %s, want %s", got, want)
	}
	if all := selected(Config{}, programs{}); len(all) != len(contenders(Config{}, programs{})) {
		t.Errorf("no pattern selects %d contenders", len(all))
	}
}

func TestGenerateRows(t *testing.T) {
	var out, again bytes.Buffer
	for _, b := range []*bytes.Buffer{&out, &again} {
		if err := generate(b, 500, 1); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != again.String() {
		t.Error("one seed gives two inputs")
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 501 || lines[0] != "ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION" {
		t.Fatalf("%d lines, the first %q", len(lines), lines[0])
	}
	row := regexp.MustCompile(`^\d+,[1-9]\d{0,5},(0\.\d+|0|\d\.?\d*e-\d+),[0-9a-f]{32},([0-9a-f]{64})$`)
	for _, line := range lines[1:] {
		parts := row.FindStringSubmatch(line)
		if parts == nil || parts[2][:32] != parts[2][32:] {
			t.Errorf("row %q", line)
		}
	}
	if !strings.Contains(lines[1], ",cfcd208495d565ef66e7dff9f98764da,") { // MD5 of "0"
		t.Errorf("first row %q", lines[1])
	}
}
