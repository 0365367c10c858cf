package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashmob/apps/wordcount"
)

// read unpacks what was written.
func read(t *testing.T, path string) string {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The limit, the pipeline and flashmob were written apart, and come to the same table.
func TestTablesAreThoseOfTheApplication(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"the", "The", "naïve", "ÉCOLE", "a", "sesquipedalianword", "Donaudampfschifffahrtsgesellschaft", "x9y", "\xff", "日本語", "sixteenletterswo"}
	var text strings.Builder
	for text.Len() < 3*block {
		text.WriteString(words[random.IntN(len(words))])
		text.WriteString([]string{" ", "\n", ", ", "-"}[random.IntN(4)])
	}
	dir := t.TempDir()
	input, output := filepath.Join(dir, "in.txt"), filepath.Join(dir, "out.csv.gz")
	if err := os.WriteFile(input, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := wordcount.Flow(wordcount.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if _, _, err := f.Apply(strings.NewReader(text.String()), &want, 0); err != nil {
		t.Fatal(err)
	}
	for workers := 1; workers <= 4; workers++ {
		if err := count(input, output, workers); err != nil {
			t.Fatal(err)
		}
		if got := read(t, output); got != want.String() {
			t.Errorf("%d workers: %.300q, want %.300q", workers, got, want.String())
		}
	}
	half := strings.LastIndex(text.String()[:block], "\n")
	var counts bytes.Buffer
	for _, part := range []string{text.String()[:half], text.String()[half:]} {
		if err := mapWords(strings.NewReader(part), &counts); err != nil {
			t.Fatal(err)
		}
	}
	if err := reduce(&counts, output); err != nil {
		t.Fatal(err)
	}
	if got := read(t, output); got != want.String() {
		t.Errorf("the pipeline: %.300q, want %.300q", got, want.String())
	}
}
