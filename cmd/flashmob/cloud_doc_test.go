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

const cloudDoc = "../../docs/cloud.md"

// TestCloudPageIsTrue runs the commands in the transcripts of docs/cloud.md, in a folder that looks like the checkout
// after make build-all, and compares what they print on standard output, all but times, money and IDs. With -update it
// writes what it sees into the page.
func TestCloudPageIsTrue(t *testing.T) {
	l := newLab(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"Makefile": root + "/Makefile", ".ci": root + "/.ci", "bin": l.bin} {
		if err := os.Symlink(target, l.path(link)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(cloudDoc)
	if err != nil {
		t.Fatal(err)
	}
	seen := transcripts.ReplaceAllFunc(text, func(block []byte) []byte {
		var out bytes.Buffer
		out.WriteString("```console\n")
		for line := range strings.Lines(string(block)) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				out.WriteString(line)
				out.WriteString(l.perform(strings.TrimSpace(command)))
			}
		}
		out.WriteString("```\n")
		return out.Bytes()
	})
	l.nothing()
	if *update {
		if err := os.WriteFile(cloudDoc, seen, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, got := maskCloud(string(text)), maskCloud(string(seen)); want != got {
		at := differ([]byte(want), []byte(got))
		t.Errorf("docs/cloud.md says\n%.400s\n\nwhere the programs say\n%.400s\n\n(go test ./cmd/flashmob -run CloudPage -update)", want[at:], got[at:])
	}
}

// perform runs a command of a transcript and returns its standard output. All is built already.
func (l *lab) perform(command string) string {
	l.t.Helper()
	if rest, ok := strings.CutPrefix(command, "make "); ok {
		command = "make -s -o build-all -o tools " + rest
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = l.dir
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		l.t.Errorf("%s: %v\n%s%s", command, err, out, errs.String())
	}
	return string(out)
}

var cloudMasks = []*regexp.Regexp{
	regexp.MustCompile(`\d{8}-\d{6}-[0-9a-z]+`),             // IDs
	regexp.MustCompile(`198\.1[89]\.\d+\.\d+`),              // addresses
	regexp.MustCompile(`\$\d+\.\d\d(\d\d)?\b( +\$[.\d]+)?`), // money
	regexp.MustCompile(`\b\d+[hms]\b([\dhms]*)`),            // times as Go writes them
	regexp.MustCompile(`of \S+@\S+`),                        // owners
	regexp.MustCompile(` {2,}`),                             // columns are as wide as what is in them
}

func maskCloud(text string) string {
	for _, m := range cloudMasks {
		text = m.ReplaceAllString(text, "…")
	}
	return mask(text)
}

func TestCloudMaskHidesOnlyWhatDiffers(t *testing.T) {
	for have, want := range map[string]string{
		"0 left, $0.31, 6m12s":                      "0 left, …, …",
		"cluster 20261122-225301-9f3c61 (flashmob)": "cluster … (flashmob)",
		"up 4 hosts (12 created)":                   "up 4 hosts (12 created)",
		"workers-1  worker  198.18.8.2:22":          "workers-1…worker……:22",
	} {
		if got := maskCloud(have); got != want {
			t.Errorf("maskCloud(%q) = %q, want %q", have, got, want)
		}
	}
}
