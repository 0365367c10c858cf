package plot

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"flashmob/bench"
)

var update = flag.Bool("update", false, "write the plots of the pages anew")

// The plots that the pages show are those of the records that are kept: with -update they are drawn anew.
func TestPlotsOfThePagesAreOfTheRecords(t *testing.T) {
	all, err := bench.ReadSeries("../results")
	if err != nil {
		t.Fatal(err)
	}
	strays := map[string]bool{}
	paths, err := filepath.Glob("../../docs/plots/" + bench.SeriesPrefix + "*.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		strays[path] = true
	}
	for _, s := range all {
		plots, err := All(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range plots {
			drawn, err := p.Bytes("svg")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("../../docs/plots", p.Name+".svg")
			delete(strays, path)
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, drawn, 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			kept, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(kept, drawn) {
				t.Errorf("%s is not what the records draw (go test ./bench/plot -update): %v", path, err)
			}
		}
	}
	for path := range strays {
		if !*update {
			t.Errorf("%s is of no record (go test ./bench/plot -update)", path)
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
