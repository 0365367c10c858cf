package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashmob/bench"
)

const results = "ID,CLASSIFICATION\n1,0.5\n2,0.25\n"

// scripted returns a contender that runs a shell script in the folder where its output belongs.
func scripted(t *testing.T, script string) *contender {
	dir := filepath.Join(t.TempDir(), "out")
	c := &contender{output: filepath.Join(dir, "out.csv")}
	c.command = bench.Command{Args: []string{"sh", "-c", "cd " + dir + " && " + script}}
	return c
}

func mustSum(t *testing.T, plain string) sums {
	t.Helper()
	found, err := sum(strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestContenderIsComparedWithTheReference(t *testing.T) {
	reference := mustSum(t, results)
	for _, test := range []struct {
		name, script string
		headerless   bool
		want         bench.Output
	}{
		{"same", `printf 'ID,CLASSIFICATION\n1,0.5\n2,0.25\n' > out.csv`, false, bench.Same},
		{"other header", `printf 'ID,0.125\n1,0.5\n2,0.25\n' > out.csv`, false, bench.Wrong},
		{"headerless", `printf 'ID,0.125\n1,0.5\n2,0.25\n' > out.csv`, true, bench.Same},
		{"headerless, wrong order", `printf 'ID,0.125\n2,0.25\n1,0.5\n' > out.csv`, true, bench.Wrong},
		{"a row short", `printf 'ID,CLASSIFICATION\n1,0.5\n' > out.csv`, false, bench.Wrong},
		{"empty", `: > out.csv`, false, bench.Wrong},
	} {
		c := scripted(t, test.script)
		c.headerless = test.headerless
		if _, err := c.run(t.Context(), known{}, reference); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if c.Output != test.want || len(c.Samples) != 1 {
			t.Errorf("%s: output %q, %d samples, want %q and 1", test.name, c.Output, len(c.Samples), test.want)
		}
	}
}

func TestContenderOnceWrongStaysWrong(t *testing.T) {
	c := scripted(t, `printf 'ID,CLASSIFICATION\n1,0.5\n2,0.25\n' > out.csv`)
	c.Output = bench.Wrong
	if _, err := c.run(t.Context(), known{}, mustSum(t, results)); err != nil || c.Output != bench.Wrong {
		t.Errorf("output %q, %v", c.Output, err)
	}
}

func TestContenderThatMakesItsFolder(t *testing.T) {
	c := scripted(t, "")
	dir := filepath.Dir(c.output)
	c.output = filepath.Join(dir, flashmobOutput)
	c.command.Args[2] = "mkdir " + dir + " && cd " + dir + ` && printf 'ID\n' > results.csv && echo {} > manifest.json`
	for range 2 { // the second finds no folder of the first
		if _, err := c.run(t.Context(), known{}, mustSum(t, "ID\n")); err != nil || c.Output != bench.Same {
			t.Fatalf("output %q, %v", c.Output, err)
		}
	}
}

func TestCompeteRunsWhatFailsOnlyOnce(t *testing.T) {
	bad, good := scripted(t, "exit 7"), scripted(t, ": > out.csv")
	absent := scripted(t, "true")
	good.once = true
	var log bytes.Buffer
	config := Config{Runs: 3, Log: &log}
	references := map[job]sums{{}: mustSum(t, "")}
	if err := compete(t.Context(), config, []*contender{bad, good, absent}, references); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(bad.Failed, "exit status 7") || len(bad.Samples) != 0 {
		t.Errorf("failing contender: %+v", bad.Record)
	}
	if len(good.Samples) != 1 || good.Output != bench.Same {
		t.Errorf("contender to run once: %+v", good.Record)
	}
	if !strings.Contains(absent.Failed, "0 files, want one") || len(absent.Samples) != 0 {
		t.Errorf("contender with no output: %+v", absent.Record)
	}
	if n := strings.Count(log.String(), "exit status 7"); n != 1 {
		t.Errorf("the failure was logged %d times:\n%s", n, &log)
	}
}

func TestSumOutputReadsAllMembers(t *testing.T) {
	var packed bytes.Buffer
	for _, member := range []string{results[:7], results[7:]} {
		compressor := gzip.NewWriter(&packed)
		if _, err := compressor.Write([]byte(member)); err != nil {
			t.Fatal(err)
		}
		if err := compressor.Close(); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "results.csv.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	found, size, err := known{}.sumOutput(path)
	if err != nil || found != mustSum(t, results) || size != int64(packed.Len()) {
		t.Errorf("sums differ, or %d bytes, want %d (%v)", size, packed.Len(), err)
	}
	if err := os.WriteFile(path, packed.Bytes()[:packed.Len()-3], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (known{}).sumOutput(path); err == nil {
		t.Error("a truncated output gave a sum")
	}
}

func TestSumOfALongHeader(t *testing.T) {
	header := strings.Repeat("h", 3<<20) + "\n"
	if mustSum(t, header+"1\n").body != mustSum(t, "ID\n1\n").body {
		t.Error("a header longer than the buffer counts as body")
	}
}
