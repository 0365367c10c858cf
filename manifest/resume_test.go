package manifest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"flashmob/manifest"
)

// goOn takes over a folder whose run died, brings it to its end, and returns how many parts were kept.
func (j *job) goOn(t *testing.T, dir string) (kept int) {
	t.Helper()
	state, err := manifest.Look(dir)
	if err != nil {
		t.Fatal(err)
	}
	open := manifest.Resume
	if state == manifest.Empty {
		open = func(dir string) (*manifest.Folder, error) { return manifest.Create(dir, j.run) }
	}
	f, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kept = len(f.Parts)
	j.finish(t, f)
	return kept
}

func TestResumeAfterACrashBetweenParts(t *testing.T) {
	j := newJob(t, "results.csv.gz", text, "A,B\n1\n2,3")
	f := j.begin(t, 0)
	for n := 0; ; n++ {
		if kept := j.goOn(t, clone(t, f.Dir)); kept != n {
			t.Errorf("kept %d parts of %d", kept, n)
		}
		if n == len(j.batches) {
			return
		}
		j.append(t, f, n+1)
	}
}

// cuts returns lengths between two of a file, both among them, to cut it at.
func cuts(from, to int) (at []int) {
	for n := from; n <= to; n += 1 + (to-from)/7 {
		at = append(at, n)
	}
	return append(at, to)
}

func TestResumeAfterACrashInTheMiddleOfAppend(t *testing.T) {
	j := newJob(t, "results.csv", text)
	f := j.begin(t, 0)
	for n, b := range j.batches {
		before := clone(t, f.Dir)
		j.append(t, f, n+1)
		after := clone(t, f.Dir)
		// Results, rejects and journal are written in this order: while one is torn, those before it are whole.
		for i, name := range []string{j.run.Results + manifest.Partial, manifest.RejectsFile + manifest.Partial, manifest.JournalFile} {
			whole, _ := os.ReadFile(filepath.Join(after, name))
			old, _ := os.ReadFile(filepath.Join(before, name))
			if len(b.rejects) == 0 && i == 1 {
				continue
			}
			for _, at := range cuts(len(old), len(whole)) {
				dir := clone(t, after)
				write := func(name string, content []byte) {
					if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				write(name, whole[:at])
				if i < 2 {
					journal, _ := os.ReadFile(filepath.Join(before, manifest.JournalFile))
					write(manifest.JournalFile, journal)
				}
				if i < 1 {
					os.Remove(filepath.Join(dir, manifest.RejectsFile+manifest.Partial))
					if rejects, err := os.ReadFile(filepath.Join(before, manifest.RejectsFile+manifest.Partial)); err == nil {
						write(manifest.RejectsFile+manifest.Partial, rejects)
					}
				}
				want := n
				if i == 2 && at == len(whole) {
					want = n + 1
				}
				if kept := j.goOn(t, dir); kept != want {
					t.Errorf("part %d, %s cut at %d of %d: kept %d parts, want %d", n, name, at, len(whole), kept, want)
				}
			}
		}
	}
}

func TestResumeAfterACrashInTheMiddleOfCreate(t *testing.T) {
	j := newJob(t, "results.csv", text)
	f := j.begin(t, 0)
	journal, err := os.ReadFile(filepath.Join(f.Dir, manifest.JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range append(cuts(0, len(journal)-1), len(journal)) { // the results are made behind the journal
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, manifest.JournalFile), journal[:at], 0o644); err != nil {
			t.Fatal(err)
		}
		if kept := j.goOn(t, dir); kept != 0 {
			t.Errorf("kept %d parts of none", kept)
		}
	}
}

// Whichever files have their final names by then: while the journal is there, the run is not finished.
func TestResumeAfterACrashInTheMiddleOfFinish(t *testing.T) {
	j := newJob(t, "results.csv", text)
	begun, done := j.begin(t, len(j.batches)).Dir, j.done(t)
	account, err := os.ReadFile(filepath.Join(done, manifest.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{manifest.ManifestFile, j.run.Results, manifest.RejectsFile}
	for renamed := range 1 << len(names) {
		for _, size := range cuts(0, len(account)) {
			dir := clone(t, begun)
			if err := os.WriteFile(filepath.Join(dir, manifest.ManifestFile+manifest.Partial), account[:size], 0o644); err != nil {
				t.Fatal(err)
			}
			for i, name := range names {
				if renamed&(1<<i) == 0 {
					continue
				}
				if err := os.Rename(filepath.Join(dir, name+manifest.Partial), filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := manifest.Verify(t.Context(), dir, nil); !errors.Is(err, manifest.ErrUnfinished) {
				t.Errorf("Verify: %v, want %v", err, manifest.ErrUnfinished)
			}
			f, err := manifest.Resume(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					t.Errorf("%s is back in work under its final name", name)
				}
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if kept := j.goOn(t, dir); kept != len(j.batches) {
				t.Errorf("kept %d parts of %d", kept, len(j.batches))
			}
		}
	}
}

// partOf returns the part that has the byte at an offset of the results, or of the rejects; the rejects' header belongs
// to the first part that has any.
func (j *job) partOf(name string, at int) int {
	end := 0
	for i, b := range j.batches {
		switch {
		case name == j.run.Results:
			end += len(b.bytes)
		case end == 0 && len(b.rejects) > 0:
			end = len(manifest.RejectsHeader) + len(b.rejects)
		default:
			end += len(b.rejects)
		}
		if at < end {
			return i
		}
	}
	return len(j.batches)
}

func TestResumeKeepsWhatIsBeforeDamage(t *testing.T) {
	j := newJob(t, "results.csv", text, "A,B\n1\n2,3\n")
	begun := j.begin(t, len(j.batches)).Dir
	for name, size := range map[string]int{j.run.Results: len(j.results), manifest.RejectsFile: len(j.rejects)} {
		for at := 0; at < size; at += 5 {
			for damage, change := range map[string]func(b []byte) []byte{
				"flip":     func(b []byte) []byte { b[at] ^= 4; return b },
				"truncate": func(b []byte) []byte { return b[:at] },
			} {
				dir := clone(t, begun)
				edit(t, filepath.Join(dir, name+manifest.Partial), change)
				if kept, want := j.goOn(t, dir), j.partOf(name, at); kept != want {
					t.Errorf("%s of %s at %d: kept %d parts, want %d", damage, name, at, kept, want)
				}
			}
		}
		dir := clone(t, begun)
		edit(t, filepath.Join(dir, name+manifest.Partial), func(b []byte) []byte { return append(b, "more\n"...) })
		if kept := j.goOn(t, dir); kept != len(j.batches) {
			t.Errorf("%s longer than the journal says: kept %d parts of %d", name, kept, len(j.batches))
		}
		dir = clone(t, begun)
		if err := os.Remove(filepath.Join(dir, name+manifest.Partial)); err != nil {
			t.Fatal(err)
		}
		if kept, want := j.goOn(t, dir), j.partOf(name, 0); kept != want {
			t.Errorf("%s gone: kept %d parts, want %d", name, kept, want)
		}
	}
}

func TestResumeCutsTheJournalAtALineThatItCannotFollow(t *testing.T) {
	j := newJob(t, "results.csv", text)
	begun := j.begin(t, len(j.batches)).Dir
	journal, err := os.ReadFile(filepath.Join(begun, manifest.JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(journal, []byte("\n"))
	lines = lines[:len(lines)-1]
	for i := 1; i < len(lines); i++ {
		for name, line := range map[string]string{
			"unreadable": "{]\n",
			"zeros":      "\x00\x00\n",
			"a gap":      string(bytes.Replace(lines[i], []byte(`"offset":`), []byte(`"offset":9`), 1)),
			"negative":   string(bytes.Replace(lines[i], []byte(`"bytes":`), []byte(`"bytes":-`), 1)),
			"missing":    "",
			"twice":      string(lines[i]) + string(lines[i]),
		} {
			dir := clone(t, begun)
			edit(t, filepath.Join(dir, manifest.JournalFile), func([]byte) []byte {
				return fmt.Appendf(nil, "%s%s%s", bytes.Join(lines[:i], nil), line, bytes.Join(lines[i+1:], nil))
			})
			want := i - 1
			if name == "twice" {
				want = i
			}
			if kept := j.goOn(t, dir); kept != want {
				t.Errorf("line %d %s: kept %d parts, want %d", i, name, kept, want)
			}
		}
	}
	for name, first := range map[string]string{"resumed": "{\"resumed\":\"2026-01-02T03:04:05Z\"}\n", "a part": string(lines[1]), "nothing": "null\n"} {
		dir := clone(t, begun)
		edit(t, filepath.Join(dir, manifest.JournalFile), func(b []byte) []byte { return append([]byte(first), b...) })
		if _, err := manifest.Resume(dir); !errors.Is(err, manifest.ErrNoRun) {
			t.Errorf("%s first: %v, want %v", name, err, manifest.ErrNoRun)
		}
	}
}

func TestResumeCountsSittings(t *testing.T) {
	j := newJob(t, "results.csv", text)
	f := j.begin(t, 1)
	dir := f.Dir
	for n := 2; n <= 4; n++ {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if f, err = manifest.Resume(dir); err != nil {
			t.Fatal(err)
		}
		j.append(t, f, n)
	}
	if m := j.finish(t, f); m.Sittings != 4 {
		t.Errorf("%d sittings, want 4", m.Sittings)
	}
}
