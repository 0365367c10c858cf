package manifest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashmob/input"
	"flashmob/manifest"
)

// caught makes sure that Verify finds dir broken, and for a reason that contains want.
func caught(t *testing.T, what, dir string, inputs []string, want string) {
	t.Helper()
	if _, err := manifest.Verify(t.Context(), dir, inputs); !errors.Is(err, manifest.ErrBroken) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %v with %q", what, err, manifest.ErrBroken, want)
	}
}

func TestVerifyAcceptsWhatIsWhole(t *testing.T) {
	for _, results := range []string{"results.csv", "results.csv.gz"} {
		j := newJob(t, results, text, "A,B\n1,2", "A,B\n", "A,B\n\"\n\"\"\",3\r\n")
		dir := j.done(t)
		for _, inputs := range [][]string{nil, j.names()} {
			if m, err := manifest.Verify(t.Context(), dir, inputs); err != nil || m.Totals.In != 17 || m.Totals.Rejected != 3 {
				t.Errorf("%s with inputs %v: %+v, %v", results, inputs, m, err)
			}
		}
	}
}

func TestVerifyCatchesAFlippedByteAnywhere(t *testing.T) {
	j := newJob(t, "results.csv.gz", text)
	done := j.done(t)
	for _, name := range []string{j.run.Results, manifest.RejectsFile} {
		whole, err := os.ReadFile(filepath.Join(done, name))
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(whole); at += 2 {
			edit(t, filepath.Join(done, name), func(b []byte) []byte { b[at] ^= 1 << (at % 8); return b })
			caught(t, name, done, nil, name)
			edit(t, filepath.Join(done, name), func([]byte) []byte { return whole })
		}
	}
	path := filepath.Join(done, manifest.ManifestFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 3 {
		to := []byte{whole[at] ^ 1, whole[at] ^ 0x80, '-', '9', ' '}[at%5]
		if to == whole[at] {
			continue
		}
		edit(t, path, func([]byte) []byte { b := bytes.Clone(whole); b[at] = to; return b })
		if _, err := manifest.Verify(t.Context(), done, nil); err == nil {
			t.Errorf("byte %d, %q for %q in %q, went unnoticed", at, to, whole[at], whole[max(at-20, 0):min(at+20, len(whole))])
		}
	}
}

func TestVerifyCatchesWrongLengths(t *testing.T) {
	j := newJob(t, "results.csv.gz", text)
	for name, change := range map[string]func(b []byte) []byte{
		"shorter": func(b []byte) []byte { return b[:len(b)-1] },
		"longer":  func(b []byte) []byte { return append(b, 0) },
		"empty":   func(b []byte) []byte { return nil },
	} {
		for _, file := range []string{j.run.Results, manifest.RejectsFile} {
			dir := j.done(t)
			edit(t, filepath.Join(dir, file), change)
			caught(t, file+" "+name, dir, nil, file)
		}
	}
}

func TestVerifyCatchesMissingAndUnexpectedFiles(t *testing.T) {
	j := newJob(t, "results.csv", text)
	for _, name := range []string{j.run.Results, manifest.RejectsFile} {
		dir := j.done(t)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		caught(t, name, dir, nil, name)
	}
	dir := newJob(t, "results.csv", "A,B\n1,2\n").done(t)
	if err := os.WriteFile(filepath.Join(dir, manifest.RejectsFile), j.rejects, 0o644); err != nil {
		t.Fatal(err)
	}
	caught(t, "rejects of nothing", dir, nil, "nothing was rejected")
	if _, err := manifest.Verify(t.Context(), t.TempDir(), nil); !errors.Is(err, manifest.ErrNoRun) {
		t.Errorf("an empty folder: %v", err)
	}
}

// An adversary who knows how the digest is made cannot make the parts lie about what is there.
func TestVerifyCatchesResealedLies(t *testing.T) {
	j := newJob(t, "results.csv.gz", text, "A,B\n1,2\n")
	for name, lie := range map[string]struct {
		want string
		tell func(m *manifest.Manifest)
	}{
		"missing part":        {"covers", func(m *manifest.Manifest) { m.Parts = append(m.Parts[:1], m.Parts[2:]...) }},
		"missing last part":   {"is covered to", func(m *manifest.Manifest) { m.Parts = m.Parts[:len(m.Parts)-1] }},
		"doubled part":        {"covers", func(m *manifest.Manifest) { m.Parts = append(m.Parts[:2], m.Parts[1:]...) }},
		"swapped parts":       {"covers", func(m *manifest.Manifest) { m.Parts[1], m.Parts[2] = m.Parts[2], m.Parts[1] }},
		"swapped inputs":      {"is covered to", func(m *manifest.Manifest) { m.Inputs[0], m.Inputs[1] = m.Inputs[1], m.Inputs[0] }},
		"input gone":          {"of input", func(m *manifest.Manifest) { m.Inputs = m.Inputs[:1] }},
		"totals":              {"add up", func(m *manifest.Manifest) { m.Totals.In++ }},
		"bytes":               {"add up", func(m *manifest.Manifest) { m.Bytes++ }},
		"records in":          {"records in", func(m *manifest.Manifest) { m.Parts[1].In++; m.Totals.In++ }},
		"emitted":             {"records, want", func(m *manifest.Manifest) { m.Parts[1].Emitted++; m.Totals.Emitted++ }},
		"emitted elsewhere":   {"records, want", func(m *manifest.Manifest) { m.Parts[1].Emitted++; m.Parts[2].Emitted-- }},
		"emitted by a header": {"a header with", func(m *manifest.Manifest) { m.Parts[0].Emitted++; m.Totals.Emitted++ }},
		"kind":                {"unknown kind", func(m *manifest.Manifest) { m.Parts[1].Kind = "x" }},
		"header":              {"want", func(m *manifest.Manifest) { m.Parts[0].Kind = manifest.Records }},
		"rejected": {"records of part", func(m *manifest.Manifest) {
			p := &m.Parts[2]
			p.Rejected, p.Out = 0, p.In
			m.Totals.Rejected--
			m.Totals.Out++
		}},
		"rejected elsewhere": {"part", func(m *manifest.Manifest) {
			m.Parts[1].RejectBytes, m.Parts[2].RejectBytes = m.Parts[2].RejectBytes, m.Parts[1].RejectBytes
		}},
		"rejects' bytes":       {"bytes", func(m *manifest.Manifest) { m.Rejects.Bytes++ }},
		"rejects' hash":        {"hash", func(m *manifest.Manifest) { m.Parts[2].RejectSHA256 = m.Parts[2].SHA256 }},
		"no rejects":           {"there is a rejects.csv", func(m *manifest.Manifest) { m.Rejects = nil }},
		"negative bytes":       {"impossible", func(m *manifest.Manifest) { m.Parts[1].Bytes -= 1 << 20; m.Parts[2].Bytes += 1 << 20 }},
		"huge bytes":           {"impossible", func(m *manifest.Manifest) { m.Parts[1].Bytes = 1 << 62 }},
		"no input":             {"of input", func(m *manifest.Manifest) { m.Inputs = nil }},
		"input before front":   {"of input -1", func(m *manifest.Manifest) { m.Parts[0].Input = -1 }},
		"bytes of a neighbour": {"hash", func(m *manifest.Manifest) { m.Parts[1].Bytes--; m.Parts[2].Bytes++ }},
		"open":                 {"has no end", func(m *manifest.Manifest) { m.Parts[1].Open = true }},
	} {
		dir := j.done(t)
		m, err := manifest.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		lie.tell(m)
		if err := manifest.Reseal(dir, m); err != nil {
			t.Fatal(err)
		}
		caught(t, name, dir, nil, lie.want)
	}
}

// Parts that are moved, dropped or doubled together with their bytes leave the input's ranges wrong.
func TestVerifyCatchesPartsMovedWithTheirBytes(t *testing.T) {
	j := newJob(t, "results.csv", "A,B\n"+strings.Repeat("1,2\n", 12))
	for name, order := range map[string][]int{"missing": {0, 2, 3, 4}, "doubled": {0, 1, 1, 2, 3, 4}, "swapped": {0, 2, 1, 3, 4}} {
		dir := j.done(t)
		m, err := manifest.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Parts) != 5 || m.Rejects != nil {
			t.Fatalf("%d parts, rejects %v", len(m.Parts), m.Rejects)
		}
		parts, results := m.Parts, []byte(nil)
		m.Parts, m.Bytes, m.Totals = nil, 0, j.batches[0].part.Tally
		m.Totals.Lines = 0
		for _, i := range order {
			m.Parts, results = append(m.Parts, parts[i]), append(results, j.batches[i].bytes...)
			m.Totals.Add(parts[i].Tally)
			m.Bytes += parts[i].Bytes
		}
		edit(t, filepath.Join(dir, m.Results), func([]byte) []byte { return results })
		if err := manifest.Reseal(dir, m); err != nil {
			t.Fatal(err)
		}
		caught(t, name, dir, nil, "covers input 0")
	}
}

func TestVerifyChecksInputs(t *testing.T) {
	j := newJob(t, "results.csv", text, "A,B\n1,2\n")
	dir := j.done(t)
	names := j.names()
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "other.csv")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := manifest.Verify(t.Context(), dir, []string{write(text), names[1]}); err != nil {
		t.Errorf("a copy of the input: %v", err)
	}
	for at := 0; at < len(text); at += 3 {
		flipped := []byte(text)
		flipped[at] ^= 2
		caught(t, "flipped", dir, []string{write(string(flipped)), names[1]}, "not those that were processed")
	}
	for want, inputs := range map[string][]string{
		"ends before byte":            {write(text[:len(text)-1]), names[1]},
		"ends before":                 {write(""), names[1]},
		"goes on behind":              {names[0], write("A,B\n1,2\n\n")},
		"had 2 inputs, 1":             names[:1],
		"not those that":              {names[1], names[0]},
		"had 2 inputs, 3 are named":   append(names, write("A,B\n")),
		"bytes 0 to 8 are not those ": {write(strings.TrimPrefix(text, "\xEF\xBB\xBF")), names[1]},
	} {
		caught(t, want, dir, inputs, want)
	}
	if _, err := manifest.Verify(t.Context(), dir, []string{filepath.Join(dir, "none")}); err == nil {
		t.Error("a missing input passes")
	}
}

// With the input at hand, not even agreeing lies about it pass.
func TestVerifyCountsTheInput(t *testing.T) {
	j := newJob(t, "results.csv", text)
	for want, tell := range map[string]func(m *manifest.Manifest){
		"records, want":   func(m *manifest.Manifest) { m.Parts[1].In++; m.Parts[1].Out++; m.Totals.In++; m.Totals.Out++ },
		"line ends, want": func(m *manifest.Manifest) { m.Parts[1].Lines++; m.Totals.Lines++ },
	} {
		dir := j.done(t)
		m, err := manifest.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		tell(m)
		if err := manifest.Reseal(dir, m); err != nil {
			t.Fatal(err)
		}
		caught(t, want, dir, j.names(), want)
	}
}

func TestVerifyOfGeneratedInputs(t *testing.T) {
	j := &job{run: manifest.Run{ID: "id", App: "lengths", Compress: "none", Results: "results.csv", Inputs: []input.Input{input.Generated("lengths", 2, 7)}}}
	header := manifest.Part{Kind: manifest.Header, Offset: -1, Length: 1}
	header.Lines = 1
	rows := manifest.Part{Kind: manifest.Records, Length: 2}
	rows.In, rows.Out, rows.Emitted, rows.Lines = 2, 2, 2, 2
	j.add(header, []byte("A,LEN\n"), 0, nil)
	j.add(rows, []byte("1,1\n2,1\n"), 0, nil)
	f := j.begin(t, 2)
	if _, err := f.Finish(nil); err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Verify(t.Context(), f.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manifest.Verify(t.Context(), f.Dir, []string{filepath.Join(f.Dir, "results.csv")}); !errors.Is(err, manifest.ErrGenerated) {
		t.Errorf("with an input: %v", err)
	}
	m.Parts[1].In, m.Parts[1].Out, m.Totals.In, m.Totals.Out = 3, 3, 3, 3
	if err := manifest.Reseal(f.Dir, m); err != nil {
		t.Fatal(err)
	}
	caught(t, "more rows than there are", f.Dir, nil, "of 2 rows")
}

func TestVerifyStopsWhenItIsCancelled(t *testing.T) {
	dir := newJob(t, "results.csv", text).done(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := manifest.Verify(ctx, dir, nil); !errors.Is(err, enough) {
		t.Errorf("%v, want %v", err, enough)
	}
}
