package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTranscriptsAreTrue runs the commands in the transcripts of the README and of the tutorials, and compares what they
// print, all but times and rates. With -update it writes what it sees into the pages.
func TestTranscriptsAreTrue(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a million rows")
	}
	tutorials, err := filepath.Glob("../../docs/tutorials/*.md")
	if err != nil || len(tutorials) == 0 {
		t.Fatalf("tutorials: %q, %v", tutorials, err)
	}
	for _, page := range append(tutorials, "../../README.md") {
		t.Run(filepath.Base(page), func(t *testing.T) { checkTranscripts(t, page) })
	}
}

func checkTranscripts(t *testing.T, page string) {
	for _, program := range []string{"make", "zcat", "timeout"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here", program)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := playground(t)
	seen := transcripts.ReplaceAllFunc(text, func(block []byte) []byte {
		var out bytes.Buffer
		out.WriteString("```console\n")
		for line := range strings.Lines(string(block)) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				out.WriteString(line)
				out.WriteString(perform(t, dir, strings.TrimSpace(command)))
			}
		}
		out.WriteString("```\n")
		return out.Bytes()
	})
	if *update {
		if err := os.WriteFile(page, seen, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, got := mask(string(text)), mask(string(seen))
	if want != got {
		at := differ([]byte(want), []byte(got))
		t.Errorf("%s says\n%.400s\n\nwhere the programs say\n%.400s\n\n(go test ./cmd/flashmob -run Transcripts -update)", page, want[at:], got[at:])
	}
}

var transcripts = regexp.MustCompile("(?ms)^```console\n.*?^```\n")

// playground returns a folder that looks like the checkout after make build.
func playground(t *testing.T) string {
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	flashmob, err := exec.LookPath("flashmob")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"Makefile": filepath.Join(root, "Makefile"), "examples": filepath.Join(root, "examples"), "bin/flashmob": flashmob,
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// perform runs a command of a transcript and returns what it prints. The programs are built already: -o keeps make from
// building them again, -s from showing its commands.
func perform(t *testing.T, dir, command string) string {
	if rest, ok := strings.CutPrefix(command, "make "); ok {
		command = "make -s -o build " + rest
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", command, err, out)
	}
	return steady(string(out))
}

// steady drops the lines of progress, of which there are more on a slower machine.
func steady(out string) string { return progressLine.ReplaceAllString(out, "") }

var progressLine = regexp.MustCompile(`(?m)^ *\d+ %, .*\n`)

// mask hides what differs from run to run: times, rates, dates, how many rows were done when the run was interrupted,
// and how well the results compress with this version of the library.
func mask(text string) string {
	for _, m := range masks {
		text = m.ReplaceAllString(text, "…")
	}
	return text
}

var masks = []*regexp.Regexp{
	regexp.MustCompile(`\b[\d.]+ s\b|\b\d+m\d\ds\b`),
	regexp.MustCompile(`\b\d[\d ]* rows/s.*`),
	regexp.MustCompile(`\b\d[\d ]* rows are done`),
	regexp.MustCompile(`\b\d+ms: \d[\d ]*/s`),
	regexp.MustCompile(`\b\d[\d ]* parts`),
	regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`),
	regexp.MustCompile(`\([\d. ]+ [kM]?B\)`),
	regexp.MustCompile(`\([+-]\d+ %\)`), // by how much a forecast was off
}

func TestMaskHidesOnlyWhatDiffers(t *testing.T) {
	for have, want := range map[string]string{
		"time     4.21 s: prepare 0.01 s": "time     …: prepare …",
		"time     1m04s: work 1m02s":      "time     …: work …",
		"rate     250 000 rows/s":         "rate     …",
		"rows     1 000 in = 1 000 out":   "rows     1 000 in = 1 000 out",
		"results  output/r.gz (61.0 kB)":  "results  output/r.gz …",
	} {
		if got := mask(have); got != want {
			t.Errorf("mask(%q) = %q, want %q", have, got, want)
		}
	}
	if got := steady(" 20 %, 40 rows, 13 rows/s\nrows 40\n"); got != "rows 40\n" {
		t.Errorf("steady leaves %q", got)
	}
}
