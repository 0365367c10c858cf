package manifest_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"flashmob/manifest"
)

func TestFolderRoundTrip(t *testing.T) {
	for name, texts := range map[string][]string{
		"one input":   {text},
		"two inputs":  {text, "A,B\n1,2"},
		"no rejects":  {"A,B\n1,2\n"},
		"header only": {"A,B"},
		"no input":    {""},
	} {
		for _, results := range []string{"results.csv", "results.csv.gz"} {
			t.Run(name+" "+results, func(t *testing.T) {
				j := newJob(t, results, texts...)
				f := j.begin(t, 0)
				if err := os.MkdirAll(filepath.Join(f.Work(), "log"), 0o755); err != nil {
					t.Fatal(err)
				}
				wrote := j.finish(t, f)
				if size := f.Size(); size != int64(len(j.results)) {
					t.Errorf("size %d, want %d", size, len(j.results))
				}
				read, err := manifest.Load(f.Dir)
				if err != nil {
					t.Fatal(err)
				}
				if read.Digest != wrote.Digest || read.Sittings != 1 || len(read.Parts) != len(j.batches) || read.Run.Difference(j.run) != "" {
					t.Errorf("read %+v\nwrote %+v", read, wrote)
				}
			})
		}
	}
}

func TestCreateRefusesAFolderWithARun(t *testing.T) {
	j := newJob(t, "results.csv", text)
	f := j.begin(t, 1)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := manifest.Create(f.Dir, j.run); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v, want %v", err, fs.ErrExist)
	}
	if f, err := manifest.Resume(f.Dir); err != nil || len(f.Parts) != 1 {
		t.Errorf("the run there took harm: %v", err)
	} else if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
}

func TestAFolderInUseIsLeftAlone(t *testing.T) {
	j := newJob(t, "results.csv", text)
	f := j.begin(t, 2)
	for name, err := range map[string]error{
		"Create": second(manifest.Create(f.Dir, j.run)),
		"Resume": second(manifest.Resume(f.Dir)),
		"Clear":  manifest.Clear(f.Dir),
	} {
		if !errors.Is(err, manifest.ErrInUse) {
			t.Errorf("%s: %v, want %v", name, err, manifest.ErrInUse)
		}
	}
	j.finish(t, f)
}

func second(_ *manifest.Folder, err error) error { return err }

func TestErrorsNameTheFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, load := manifest.Load(dir)
	_, peek := manifest.Peek(dir)
	_, look := manifest.Look(file)
	for name, c := range map[string]struct{ err, want error }{
		"Create":       {second(manifest.Create(filepath.Join(file, "out"), newJob(t, "results.csv").run)), nil},
		"Resume":       {second(manifest.Resume(dir)), manifest.ErrNoRun},
		"Resume none":  {second(manifest.Resume(filepath.Join(dir, "none"))), manifest.ErrNoRun},
		"Load":         {load, manifest.ErrNoRun},
		"Peek":         {peek, fs.ErrNotExist},
		"Look":         {look, nil},
		"Clear a file": {manifest.Clear(file), nil},
	} {
		if c.err == nil || c.want != nil && !errors.Is(c.err, c.want) || !strings.Contains(c.err.Error(), dir) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}

func TestLookTellsStates(t *testing.T) {
	j := newJob(t, "results.csv", text)
	begun := j.begin(t, 1).Dir
	crashed := clone(t, begun) // in the middle of Finish
	if err := os.WriteFile(filepath.Join(crashed, manifest.ManifestFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	unborn := t.TempDir()
	if err := os.WriteFile(filepath.Join(unborn, manifest.JournalFile), []byte(`{"run":{`), 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]manifest.State{
		t.TempDir(): manifest.Empty, filepath.Join(foreign, "none"): manifest.Empty, unborn: manifest.Empty,
		foreign: manifest.Foreign, begun: manifest.Begun, crashed: manifest.Begun, j.done(t): manifest.Finished,
	} {
		if got, err := manifest.Look(dir); got != want || err != nil {
			t.Errorf("%s: %v, want %v; %v", dir, got, want, err)
		}
	}
	if run, err := manifest.Peek(begun); err != nil || run.Difference(j.run) != "" || run.ID != j.run.ID {
		t.Errorf("Peek: %+v, %v", run, err)
	}
	if _, err := manifest.Peek(unborn); !errors.Is(err, manifest.ErrNoRun) {
		t.Errorf("Peek: %v", err)
	}
}

func TestClearRemovesTheRunAndNothingElse(t *testing.T) {
	j := newJob(t, "results.csv.gz", text)
	begun := j.begin(t, 3)
	if err := os.MkdirAll(filepath.Join(begun.Work(), "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	foreign := []string{"results.xlsx", "results.csv.bak", "results.csv.gz.old", "rejects.csv.reviewed", "results.d", "journal.txt", ".workspace", "a.partial"}
	for name, dir := range map[string]string{"begun": clone(t, begun.Dir), "finished": j.done(t), "foreign": t.TempDir()} {
		for _, name := range foreign {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := manifest.Clear(dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != len(foreign) {
			t.Errorf("%s: %v is left, want %v; %v", name, entries, foreign, err)
		}
		for _, name := range foreign {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
		j.finish(t, second2(manifest.Create(filepath.Join(dir, "again"), j.run)))
	}
	if err := manifest.Clear(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Error(err)
	}
}

func second2(f *manifest.Folder, err error) *manifest.Folder {
	if err != nil {
		panic(err)
	}
	return f
}

func TestAppendReportsWhatFillCannot(t *testing.T) {
	j := newJob(t, "results.csv", text)
	f := j.begin(t, 1)
	full := errors.New("no space left")
	if err := f.Append(j.batches[1].part, func(*os.File) ([]byte, error) { return nil, full }); !errors.Is(err, full) {
		t.Error(err)
	}
	if len(f.Parts) != 1 || f.Size() != j.batches[0].part.Bytes {
		t.Errorf("%d parts, %d bytes", len(f.Parts), f.Size())
	}
}

func TestRunsDiffer(t *testing.T) {
	base := newJob(t, "results.csv", text, "A,B\n").run
	spaced := base
	spaced.Settings, spaced.ID = []byte(" { \"a\" : 1 } "), "another"
	if got := base.Difference(spaced); got != "" {
		t.Errorf("white space and ID are a difference: %s", got)
	}
	for want, change := range map[string]func(r *manifest.Run){
		"app: ":                 func(r *manifest.Run) { r.App = "x" },
		"settings of lengths: ": func(r *manifest.Run) { r.Settings = []byte(`{"a":2}`) },
		"no-header: ":           func(r *manifest.Run) { r.NoHeader = true },
		"max-record: ":          func(r *manifest.Run) { r.MaxRecord++ },
		"compress: ":            func(r *manifest.Run) { r.Compress = "gzip" },
		"inputs: ":              func(r *manifest.Run) { r.Inputs = r.Inputs[:1] },
		"input /":               func(r *manifest.Run) { r.Inputs[1].Size++ },
		"program: was v1 abc":   func(r *manifest.Run) { r.Version = "v2" },
		"program: was v1 abc,":  func(r *manifest.Run) { r.Program = "abd" },
	} {
		other := base
		other.Inputs = append(other.Inputs[:0:0], base.Inputs...)
		change(&other)
		if got := base.Difference(other); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Workers that have not heard yet that a run is over do not keep its folder from being finished.
func TestAFolderIsFinishedWhileWorkersStillWriteToIt(t *testing.T) {
	folder := newJob(t, "results.csv", text).begin(t, 0)
	depot := filepath.Join(folder.Work(), "depot")
	if err := os.MkdirAll(depot, 0o700); err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	begun := make(chan struct{}, 4)
	for i := range cap(begun) {
		writing.Go(func() {
			for n := 0; ; n++ {
				if os.WriteFile(filepath.Join(depot, fmt.Sprint(i, "-", n)), nil, 0o600) != nil {
					return // it is gone
				}
				if n == 100 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range cap(begun) {
		<-begun
	}
	if err := folder.Close(); err != nil {
		t.Error(err)
	}
	writing.Wait()
	if _, err := os.Stat(folder.Work()); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", folder.Work(), err)
	}
}
