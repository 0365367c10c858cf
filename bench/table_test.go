package bench

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTable(t *testing.T) {
	full := Table{Columns: []Column{{Name: "contender"}, {Name: "rows/s", Right: true}, {Name: "output"}}}
	full.Add("limit", "1 075 000", "same")
	full.Add("parallel | gzip −1", "448 000", "")
	full.Add("", "—", "WRONG")
	empty := Table{Columns: []Column{{Name: "target"}, {Name: "n", Right: true}}}

	for name, got := range map[string]string{
		"table.md":    full.Markdown(),
		"table.txt":   full.Text(),
		"empty.md":    empty.Markdown(),
		"unnamed.txt": (&Table{Columns: []Column{{}}}).Text(),
	} {
		golden(t, name, got)
	}
}

// golden compares got with the file of that name under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant (go test -update writes it anew)\n%s", name, got, want)
	}
}
