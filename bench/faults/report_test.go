package main

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "make the tables and plots of docs/reliability.md from the trials that are kept")

const (
	resultsFile = "../results/faults.json"
	pageFile    = "../../docs/reliability.md"
	begin, end  = "<!-- faults:begin -->\n", "<!-- faults:end -->"
)

// The page shows what is made of the trials that are kept, all of them with the results of the reference.
func TestPageShowsWhatTheTrialsSay(t *testing.T) {
	r, err := readReport(resultsFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.wrong(); err != nil {
		t.Error(err)
	}
	page, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the tables", pageFile)
	}
	want := head + begin + r.page() + end + tail
	plots, err := r.plots()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plots {
		path := filepath.Join("../../docs/plots", p.Name+".svg")
		svg, err := p.Bytes("svg")
		if err == nil && *update {
			err = os.WriteFile(path, svg, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != string(svg) {
			t.Errorf("%s is not what the trials make (go test ./bench/faults -update): %v", path, err)
		}
	}
	if *update {
		if err := os.WriteFile(pageFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s does not have the tables that the trials make (go test ./bench/faults -update)", pageFile)
	}
}

func TestPageSaysWhatCameToNoEndAndWhatIsWrong(t *testing.T) {
	p := pieces()[0]
	one, other := p.cells[0], p.cells[1]
	r := &report{Trials: []trial{
		{Piece: p.Name, Curve: one.Curve, X: one.X, Seconds: 3, Retried: 2},
		{Piece: p.Name, Curve: one.Curve, X: one.X, Seconds: 5, Retried: 1},
		{Piece: p.Name, Curve: one.Curve, X: one.X, Seconds: 90, Failed: "no end\n  within 90s"},
		{Piece: p.Name, Curve: other.Curve, X: other.X, Seconds: 1, Wrong: true},
	}}
	page := r.page()
	for _, want := range []string{p.Title, "4.0", "3.0–5.0", "same; 1 of 3: no end (1) |", "(1) `no end within 90s`", "WRONG"} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not say %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, pieces()[1].Title) {
		t.Error("a piece that was not measured has a table")
	}
	if r.wrong() == nil {
		t.Error("other results are no error")
	}
	plots, err := r.plots()
	if err != nil || len(plots) != 1 || plots[0].Name != fileName(p) {
		t.Errorf("%v, %v", plots, err)
	}
}

// A report that is written is what is read.
func TestReportIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	r := &report{Trials: []trial{{Piece: "x", Curve: "y", X: 0.5, Failed: "z"}}}
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readReport(path)
	if err != nil || !slices.Equal(got.Trials, r.Trials) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Every cell has an input that can be made, and a name that no other has.
func TestCellsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range pieces() {
		for _, c := range p.cells {
			key := strings.Join([]string{p.Name, c.Curve, c.Label}, ": ")
			if seen[key] || c.job.args == nil || c.faults == nil || c.workers < 1 || c.X <= 0 {
				t.Errorf("%s: %+v", key, c)
			}
			seen[key] = true
		}
	}
}

func TestJobsMakeFilesOfTheirSize(t *testing.T) {
	dir := t.TempDir()
	if err := count(files{100, 3}, files{2_500_000, 1}).write(dir); err != nil {
		t.Fatal(err)
	}
	for pattern, size := range map[string]int64{"text-100-3/00002": 100, "text-2500000-1/00000": 2_500_000} {
		info, err := os.Stat(filepath.Join(dir, pattern))
		if err != nil || info.Size() != size {
			t.Errorf("%s: %v, %v", pattern, info, err)
		}
	}
	if err := vote.write(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "votes")); err != nil || info.Size() != 24_000*9 {
		t.Errorf("%v, %v", info, err)
	}
}
