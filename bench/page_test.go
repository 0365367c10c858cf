package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The pages show what is made of the records that are kept: with -update it is written there.
func TestPagesShowWhatTheRecordsSay(t *testing.T) {
	all, err := ReadSeries("results")
	if err != nil {
		t.Fatal(err)
	}
	for path, simulated := range map[string]bool{"../docs/benchmarks.md": false, "../docs/scale.md": true} {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const begin, end = "<!-- series:begin -->\n", "<!-- series:end -->"
		head, rest, ok := strings.Cut(string(page), begin)
		_, tail, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no place for the tables", path)
		}
		var tables strings.Builder
		for _, s := range all {
			if faults := s.Faults(); len(faults) > 0 {
				t.Errorf("records are wrong or missing: %s", strings.Join(faults, "\n"))
			}
			if s.Simulated != simulated {
				continue
			}
			fmt.Fprintf(&tables, "%s\n", s.Page())
			drawn := 0
			for _, kind := range []string{"time", "cost", "efficiency", "predicted"} {
				plot := s.FileName() + "-" + kind + ".svg"
				if _, err := os.Stat("../docs/plots/" + plot); err == nil {
					fmt.Fprintf(&tables, "![%s: %s](plots/%s)\n", s.Name, kind, plot)
					drawn++
				}
			}
			if drawn == 0 {
				t.Errorf("%s: no plots", s.Name)
			}
			tables.WriteString("\n")
		}
		want := head + begin + tables.String() + end + tail
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if string(page) != want {
			t.Errorf("%s does not have the tables that the records make (go test ./bench/... -update, twice)", path)
		}
	}
}
