package worker

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flashmob/input"
	"flashmob/manifest"
)

// interrupted leaves an unfinished run of s in s.dir, of which some but not all is done.
func interrupted(t *testing.T, s scenario) {
	t.Helper()
	s.during = func(in *Initializer) {
		for in.Status().Tally.In == 0 {
			time.Sleep(time.Millisecond) // until the first part is there
		}
		in.Drain()
	}
	in := s.open(t)
	s.dir = ""
	_, err := in.runWith(t, s)
	if !errors.Is(err, ErrDrained) {
		t.Fatalf("got %v, want ErrDrained", err)
	}
	if n := len(in.Folder.Parts); n == 0 {
		t.Fatal("nothing is done")
	}
	if err := errors.Join(in.Close(), in.Folder.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestADrainedRunIsResumedWhereItStopped(t *testing.T) {
	text := wildCSV(20000)
	for name, in := range map[string]input.Input{"file": file(t, text), "stream": stream(file(t, text))} {
		t.Run(name, func(t *testing.T) {
			s := scenario{flow: tag(), inputs: []input.Input{in}, slots: 2, batchRows: 200}
			want := s.results(t)
			s.dir = filepath.Join(t.TempDir(), "out")
			interrupted(t, s)
			s.resume, s.slots, s.batchRows = true, 3, 0
			m, err := s.run(t)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := manifest.Verify(t.Context(), s.dir, nil); err != nil {
				t.Error(err)
			}
			got, err := os.ReadFile(filepath.Join(s.dir, m.Results))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs at byte %d", difference(got, want))
			}
			if m.Sittings != 2 {
				t.Errorf("%d sittings, want 2", m.Sittings)
			}
		})
	}
}

// stream makes an input one that can be read only once.
func stream(in input.Input) input.Input {
	in.Size = -1
	return in
}

func TestResumeRefusesAnInputThatChangedWhereItWasRead(t *testing.T) {
	in := file(t, wildCSV(20000))
	s := scenario{flow: tag(), inputs: []input.Input{in}, slots: 2, batchRows: 200, dir: filepath.Join(t.TempDir(), "out")}
	interrupted(t, s)
	f, err := os.OpenFile(in.URI, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("X"), 40); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), os.Chtimes(in.URI, in.Modified, in.Modified)); err != nil { // so that only the content tells
		t.Fatal(err)
	}
	s.resume = true
	if _, err := s.run(t); !errors.Is(err, ErrResume) {
		t.Errorf("got %v, want ErrResume", err)
	}
}

func TestAnInputThatShrinksEndsTheRun(t *testing.T) {
	in := file(t, wildCSV(5000))
	if err := os.Truncate(in.URI, in.Size/2); err != nil {
		t.Fatal(err)
	}
	s := scenario{flow: tag(), inputs: []input.Input{in}, slots: 2, dir: filepath.Join(t.TempDir(), "out")}
	_, err := s.run(t)
	if !errors.Is(err, input.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if state, _ := manifest.Look(s.dir); state != manifest.Begun {
		t.Errorf("the folder is in state %d, want %d: begun", state, manifest.Begun)
	}
}

func TestInputsAreJoinedAtLineEnds(t *testing.T) {
	inputs := []input.Input{
		file(t, []byte("a,b\r\n1,2\r\n3,4")), file(t, []byte("a,b\n")), file(t, nil), file(t, []byte("a,b\n5,6")), file(t, []byte("a,b\nragged")),
	}
	got := scenario{flow: tag(), inputs: inputs, slots: 2}.results(t)
	lines := strings.Split(string(got), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[2], "3,4,") || !strings.HasPrefix(lines[3], "5,6,") {
		t.Errorf("got %q", got)
	}
}

func TestInputsOfDifferentHeadersAreRefused(t *testing.T) {
	inputs := []input.Input{file(t, []byte("a,b\n1,2\n")), file(t, []byte("a,c\n1,2\n"))}
	s := scenario{flow: tag(), inputs: inputs, slots: 1, dir: filepath.Join(t.TempDir(), "out")}
	if _, err := s.run(t); !errors.Is(err, ErrHeader) {
		t.Errorf("got %v, want ErrHeader", err)
	}
}

func TestGiantsAreRejectedWithTheirPlaceAndTheRestGoesOn(t *testing.T) {
	giant := "2,\"" + strings.Repeat("x\n", 400_000) + "\""
	text := "a,b\n1,x\n" + giant + "\n3,y\n" + giant + "\n"
	for name, in := range map[string]input.Input{"file": file(t, []byte(text)), "stream": stream(file(t, []byte(text)))} {
		t.Run(name, func(t *testing.T) {
			s := scenario{flow: tag(), inputs: []input.Input{in}, slots: 2, maxRecord: 300_000, dir: filepath.Join(t.TempDir(), "out")}
			m, err := s.run(t)
			if err != nil {
				t.Fatal(err)
			}
			if m.Totals.In != 4 || m.Totals.Rejected != 2 || m.Totals.Lines != 800_005 {
				t.Errorf("totals are %+v", m.Totals)
			}
			rejects, err := os.ReadFile(filepath.Join(s.dir, manifest.RejectsFile))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{",3,8,longer than 300000 bytes,", ",400005,800017,longer than 300000 bytes,"} {
				if !strings.Contains(string(rejects), want) {
					t.Errorf("rejects lack %q: %.200s", want, rejects)
				}
			}
			if _, err := manifest.Verify(t.Context(), s.dir, []string{in.URI}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWithoutHeaderTheFirstRecordCounts(t *testing.T) {
	for _, first := range []string{"1,2\n", "\"1\n,\",2\n"} {
		in := file(t, []byte(first+"3,4\n5\n"))
		s := scenario{flow: tag(), inputs: []input.Input{in}, noHeader: true, slots: 1, dir: filepath.Join(t.TempDir(), "out")}
		m, err := s.run(t)
		if err != nil {
			t.Fatal(err)
		}
		if m.Totals.In != 3 || m.Totals.Rejected != 1 {
			t.Errorf("totals are %+v", m.Totals)
		}
	}
}
