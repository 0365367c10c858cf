package input_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"flashmob/input"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// packed compresses each text on its own and puts the results behind one another.
func packed(t *testing.T, codec string, texts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, text := range texts {
		var w io.WriteCloser = gzip.NewWriter(&b)
		if codec == "zstd" {
			var err error
			if w, err = zstd.NewWriter(&b); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// read reads a file as an input.
func read(t *testing.T, path string) (string, error) {
	t.Helper()
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := in.Open()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(s)
	return string(text), errors.Join(err, s.Close())
}

func TestOpenDecompressesByName(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("1,2\n", 1<<18)
	for name, c := range map[string]struct{ stored, want string }{
		"plain.csv":        {"a,b\n", "a,b\n"},
		"empty.csv":        {"", ""},
		"one.csv.gz":       {packed(t, "gzip", "a,b\n"), "a,b\n"},
		"several.csv.gz":   {packed(t, "gzip", "a,b\n", "", long, "c"), "a,b\n" + long + "c"},
		"nothing.gz":       {packed(t, "gzip", ""), ""},
		"empty.gz":         {"", ""},
		"one.zst":          {packed(t, "zstd", "a,b\n"), "a,b\n"},
		"several.zst":      {packed(t, "zstd", "a,b\n", "", long, "c"), "a,b\n" + long + "c"},
		"empty.zst":        {"", ""},
		"plain.csv.gz.csv": {packed(t, "gzip", "x"), packed(t, "gzip", "x")},
	} {
		if got, err := read(t, file(t, dir, name, c.stored)); got != c.want || err != nil {
			t.Errorf("%s: %d bytes, want %d; %v", name, len(got), len(c.want), err)
		}
	}
}

func TestErrorsOfDamagedFilesNameThem(t *testing.T) {
	dir := t.TempDir()
	gz, zst := packed(t, "gzip", strings.Repeat("1,2\n", 1000)), packed(t, "zstd", strings.Repeat("1,2\n", 1000))
	for name, stored := range map[string]string{
		"cut.gz": gz[:len(gz)-1], "half.gz": gz[:len(gz)/2], "head.gz": gz[:5], "second.gz": gz + gz[:20], "tail.gz": gz + "tail",
		"text.gz": "a,b\n1,2\n3,4\n", "cut.zst": zst[:len(zst)-1], "text.zst": "a,b\n1,2\n3,4\n",
	} {
		path := file(t, dir, name, stored)
		if got, err := read(t, path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
	}
	in := input.Input{URI: dir + "/none.csv"}
	if _, err := in.Open(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), in.URI) {
		t.Errorf("missing: %v", err)
	}
}

func TestStreamsReadAgain(t *testing.T) {
	in, err := input.Stat(file(t, t.TempDir(), "a.csv", "0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := in.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := io.CopyN(io.Discard, s, 8); err != nil {
		t.Fatal(err)
	}
	again := make([]byte, 3)
	if _, err := s.ReadAt(again, 2); err != nil || string(again) != "234" {
		t.Errorf("%q, %v", again, err)
	}
	if rest, err := io.ReadAll(s); string(rest) != "89" || err != nil {
		t.Errorf("reading again moved the stream: %q, %v", rest, err)
	}
}

func TestStandardInputStaysOpen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stdin := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = stdin }()
	s, err := input.Stdin.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("a"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); string(got) != "a" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRangesReadAnywhereAtOnce(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	in, err := input.Stat(file(t, t.TempDir(), "a.csv", text))
	if err != nil {
		t.Fatal(err)
	}
	var ranges input.Ranges
	var group sync.WaitGroup
	for offset := int64(0); offset < 1000; offset += 100 {
		group.Go(func() {
			buf := make([]byte, 50)
			if err := ranges.Read(in, offset, buf); err != nil || string(buf) != text[offset:offset+50] {
				t.Errorf("at %d: %q, %v", offset, buf, err)
			}
		})
	}
	group.Wait()
	for range 2 {
		if err := ranges.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := ranges.Read(in, in.Size, nil); err != nil {
		t.Errorf("nothing, at the end: %v", err)
	}
	if err := ranges.Close(); err != nil {
		t.Error(err)
	}
}

func TestRangesTellThatAFileShrank(t *testing.T) {
	path := file(t, t.TempDir(), "a.csv", "0123456789")
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var ranges input.Ranges
	defer ranges.Close()
	buf := make([]byte, 5)
	if err := ranges.Read(in, 5, buf); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 7); err != nil {
		t.Fatal(err)
	}
	if err := ranges.Read(in, 5, buf); !errors.Is(err, input.ErrShrank) || !strings.Contains(err.Error(), "7 bytes, had 10") || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if err := in.Check(); !errors.Is(err, input.ErrChanged) {
		t.Errorf("%v, want %v", err, input.ErrChanged)
	}
	gone := input.Input{URI: path + ".none", Size: 10}
	if err := ranges.Read(gone, 0, buf); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want %v", err, fs.ErrNotExist)
	}
}
