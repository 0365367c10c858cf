package manifest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"flashmob/input"
)

// journal returns the journal and the results of a run of two parts.
func journal(f *testing.F) (lines, results []byte) {
	f.Helper()
	dir := f.TempDir()
	folder, err := Create(dir, Run{ID: "fuzz", App: "classifier", Results: "results.csv", Compress: "none", Inputs: []input.Input{{URI: "in.csv", Size: 20}}})
	if err != nil {
		f.Fatal(err)
	}
	for i, text := range []string{"first\n", "second\n"} {
		part := Part{Kind: Records, Offset: int64(i * 10), Length: 10, Bytes: int64(len(text)), SHA256: hash([]byte(text))}
		if err := folder.Append(part, func(results *os.File) ([]byte, error) {
			_, err := results.WriteString(text)
			return nil, err
		}); err != nil {
			f.Fatal(err)
		}
	}
	if err := folder.Close(); err != nil {
		f.Fatal(err)
	}
	lines, err = os.ReadFile(filepath.Join(dir, JournalFile))
	if err == nil {
		results, err = os.ReadFile(filepath.Join(dir, "results.csv"+partial))
	}
	if err != nil {
		f.Fatal(err)
	}
	return lines, results
}

// Whatever stands in a journal, a run that is resumed keeps nothing of the results but parts with the hashes that it lists,
// and leaves a journal that says the same again.
func FuzzJournal(f *testing.F) {
	lines, results := journal(f)
	f.Add(lines, results)
	f.Add(lines[:len(lines)-5], results)
	f.Add(lines, results[:8])
	f.Add(bytes.ReplaceAll(lines, []byte(`"offset":10`), []byte(`"offset":-10`)), results)
	f.Add(bytes.ReplaceAll(lines, []byte(`"bytes":7`), []byte(`"bytes":-7`)), results)
	f.Add([]byte("{}\n"), []byte("x"))
	f.Fuzz(func(t *testing.T, lines, results []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{JournalFile: lines, "results.csv" + partial: results} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if run, err := Peek(dir); err == nil && run.Results != "results.csv" {
			t.Skip("its results have another name")
		}
		folder, err := Resume(dir)
		if err != nil {
			return
		}
		var size int64
		for _, part := range folder.Parts {
			if part.Bytes < 0 || size+part.Bytes > int64(len(results)) || hash(results[size:size+part.Bytes]) != part.SHA256 {
				t.Fatalf("it keeps a part that is not there: %+v", part)
			}
			size += part.Bytes
		}
		if folder.Size() != size {
			t.Fatalf("%d bytes, want %d", folder.Size(), size)
		}
		kept := len(folder.Parts)
		if err := folder.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := Resume(dir)
		if err != nil || len(again.Parts) != kept {
			t.Fatalf("resumed again: %v, %d parts, want %d", err, len(again.Parts), kept)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// A manifest is read, or refused; what it names never lies outside of its folder.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"run":"r","results":"results.csv","parts":[]}`))
	f.Add([]byte(`{"run":"r","results":"../../etc/passwd","rejects":{"file":"/etc/shadow"}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ManifestFile), text, 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := Verify(t.Context(), dir, nil)
		if err != nil {
			return
		}
		if again, err := json.Marshal(m); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
