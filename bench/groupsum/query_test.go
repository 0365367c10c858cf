package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestQueryIsRightForAnyNumberOfWorkers(t *testing.T) {
	rows := []string{"1.2.3.4,u,d,0.5,a", "100.200.3.4,u,d,0.25,a", "100.200.30.4,u,d,9.765625E-4,a", "1.2.3.4,u,d,0.125,a", "9.9.9.9,u,d,1.0,a"}
	const want = "prefix,revenue\n1.2.3.4,0.625\n100.200.,0.2509765625\n9.9.9.9,1\n"
	for _, end := range []string{"\n", ""} {
		input, output := filepath.Join(t.TempDir(), "in.csv"), filepath.Join(t.TempDir(), "out.csv.gz")
		if err := os.WriteFile(input, []byte(strings.Join(rows, "\n")+end), 0o644); err != nil {
			t.Fatal(err)
		}
		for workers := 1; workers <= 4; workers++ {
			groups, err := query(input, output, workers)
			if err != nil || groups != 3 {
				t.Fatalf("%d workers: %d groups, %v", workers, groups, err)
			}
			file, err := os.Open(output)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := gzip.NewReader(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(plain)
			if file.Close(); err != nil || string(got) != want {
				t.Errorf("%d workers: %q, want %q; %v", workers, got, want, err)
			}
		}
	}
}
