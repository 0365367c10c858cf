package manifest_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"
	"go.uber.org/goleak"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A batch is a part and the bytes that it takes in the folder.
type batch struct {
	part           manifest.Part
	bytes, rejects []byte
}

// A job is a run and all its batches, done before they are written: a worker that never fails.
type job struct {
	run     manifest.Run
	batches []batch
	results []byte // what they make together
	rejects []byte
}

var lengths = flow.New("lengths", flow.CSV).Column("LEN", func(dst, record []byte) ([]byte, error) {
	return strconv.AppendInt(dst, int64(len(record)), 10), nil
})

// text is an input with something of everything; a ragged record is in the second, third and last batch of three.
const text = flow.BOM + "A,B\r\n1,2\r\n3,\"4\n5\"\n6,7\n" + "ragged\n8,9\n10,11\n" + "12,13\n,,\n\"1,4\",15\n" + "16,17\n18,19\n20,21\n" + "22,23\nno\n24,25"

// newJob does the job of the texts, three records to a batch, the inputs lying in a folder of the test's.
func newJob(t *testing.T, results string, texts ...string) *job {
	t.Helper()
	j := &job{run: manifest.Run{
		ID: "id", Version: "v1", Program: "abc", App: "lengths", Settings: json.RawMessage(`{"a":1}`), MaxRecord: 100,
		Compress: map[string]string{"": "none", ".gz": "gzip"}[strings.TrimPrefix(results, "results.csv")], Results: results,
	}}
	dir := t.TempDir()
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("in%d.csv", i))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		in, err := input.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		j.run.Inputs = append(j.run.Inputs, in)
		j.work(t, i, text)
	}
	return j
}

// work adds the batches of one input.
func (j *job) work(t *testing.T, index int, text string) {
	bom, lines, at := 0, int64(0), int64(0)
	if strings.HasPrefix(text, flow.BOM) {
		bom = len(flow.BOM)
	}
	for n := 0; len(text) > 0; n++ {
		size, want := bom, 3
		if n == 0 {
			want = 1
		}
		for range want {
			end, _ := flow.CSV.Cutter().Next([]byte(text[size:]))
			size += end
		}
		data := text[:size]
		p := manifest.Part{Kind: manifest.Records, Input: index, Offset: at, Length: int64(size), InputHash: fmt.Sprintf("%016x", xxhash.Sum64String(data))}
		out, rejected := &bytes.Buffer{}, []flow.Reject(nil)
		if n == 0 {
			p.Kind, p.Tally = manifest.Header, flow.Tally{Lines: int64(strings.Count(data, "\n"))}
			if index == 0 {
				line := strings.TrimRight(data[bom:], "\r\n")
				fmt.Fprintf(out, "%s%s%s", data[:bom], lengths.Header([]byte(line)), data[bom+len(line):])
			}
		} else {
			pass := lengths.NewPass(flow.Limits{Fields: 2, MaxRecord: j.run.MaxRecord})
			pass.Begin()
			if err := pass.Run([]byte(data), func(b []byte) error { out.Write(b); return nil }); err != nil {
				t.Fatal(err)
			}
			p.Tally, rejected = pass.End()
		}
		j.add(p, out.Bytes(), lines, rejected)
		text, at, lines, bom = text[size:], at+int64(size), lines+p.Lines, 0
	}
}

// add adds a part with its results, and before it what joins it to a line without an end.
func (j *job) add(p manifest.Part, out []byte, lines int64, rejected []flow.Reject) {
	open := false
	for _, b := range j.batches {
		open = b.part.Bytes > 0 && b.part.Open || b.part.Bytes == 0 && open
	}
	if open && len(out) > 0 && p.Kind != manifest.Join {
		j.add(manifest.Part{Kind: manifest.Join, Input: p.Input, Offset: p.Offset}, []byte("\n"), 0, nil)
	}
	b := batch{part: p, bytes: j.pack(out)}
	b.part.Open = len(out) > 0 && out[len(out)-1] != '\n'
	b.part.Bytes, b.part.SHA256 = int64(len(b.bytes)), manifest.Hash(b.bytes)
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	for _, r := range rejected {
		w.Write([]string{j.run.Inputs[p.Input].URI, fmt.Sprint(lines + r.Line + 1), fmt.Sprint(p.Offset + r.Offset), r.Reason, string(r.Record)})
	}
	w.Flush()
	b.rejects = text.Bytes()
	if len(b.rejects) > 0 && len(j.rejects) == 0 {
		j.rejects = []byte(manifest.RejectsHeader)
	}
	j.batches, j.results, j.rejects = append(j.batches, b), append(j.results, b.bytes...), append(j.rejects, b.rejects...)
}

// pack compresses as the run does.
func (j *job) pack(out []byte) []byte {
	if j.run.Compress == "none" || len(out) == 0 {
		return out
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(out)
	z.Close()
	return b.Bytes()
}

// names returns the names of the job's inputs.
func (j *job) names() (names []string) {
	for _, in := range j.run.Inputs {
		names = append(names, in.URI)
	}
	return names
}

// append writes the job's batches to the folder, from the first that it does not have up to the end'th.
func (j *job) append(t *testing.T, f *manifest.Folder, end int) {
	t.Helper()
	for _, b := range j.batches[len(f.Parts):end] {
		if err := f.Append(b.part, func(results *os.File) ([]byte, error) {
			_, err := results.Write(b.bytes)
			return b.rejects, err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// finish goes on with the folder to its end, and checks all that lies there then.
func (j *job) finish(t *testing.T, f *manifest.Folder) *manifest.Manifest {
	t.Helper()
	j.append(t, f, len(j.batches))
	m, err := f.Finish([]manifest.Phase{{Name: "work", Seconds: 1}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{j.run.Results: j.results, manifest.ManifestFile: nil}
	if len(j.rejects) > 0 {
		want[manifest.RejectsFile] = j.rejects
	}
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, ok := want[entry.Name()]
		if !ok {
			t.Errorf("%s is left over", entry.Name())
		}
		if got, err := os.ReadFile(filepath.Join(f.Dir, entry.Name())); err != nil || content != nil && !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, want %d other ones; %v", entry.Name(), len(got), len(content), err)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
	if _, err := manifest.Verify(t.Context(), f.Dir, j.names()); err != nil {
		t.Error(err)
	}
	return m
}

// begin creates the job's folder and writes its first batches.
func (j *job) begin(t *testing.T, batches int) *manifest.Folder {
	t.Helper()
	f, err := manifest.Create(filepath.Join(t.TempDir(), "out"), j.run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	j.append(t, f, batches)
	return f
}

// done returns a folder with the whole job in it.
func (j *job) done(t *testing.T) (dir string) {
	t.Helper()
	f := j.begin(t, 0)
	j.finish(t, f)
	return f.Dir
}

// clone copies a folder as it is, as if everybody who has it open died.
func clone(t *testing.T, dir string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "out")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return copied
}

// edit changes a file.
func edit(t *testing.T, path string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o644); err != nil {
		t.Fatal(err)
	}
}
