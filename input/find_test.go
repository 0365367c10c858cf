package input_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"flashmob/input"
)

// file makes a file in dir and returns its path.
func file(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindKeepsTheOrderOfArgumentsAndSortsPatterns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.csv", "a.csv", "c.csv", "z.txt", "[odd].csv"} {
		file(t, dir, name, name)
	}
	found, err := input.Find([]string{filepath.Join(dir, "z.txt"), filepath.Join(dir, "?.csv"), "-", filepath.Join(dir, "[odd].csv"), filepath.Join(dir, "a.csv")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, in := range found {
		names = append(names, filepath.Base(in.URI))
		if in != input.Stdin && (in.Size != int64(len(filepath.Base(in.URI))) || in.Modified.IsZero() || !filepath.IsAbs(in.URI)) {
			t.Errorf("%+v", in)
		}
	}
	if want := []string{"z.txt", "a.csv", "b.csv", "c.csv", "-", "[odd].csv"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// A file that is named in several ways is read once.
func TestFindLeavesOutWhatItHas(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "a.csv", "a")
	file(t, dir, "b.csv", "b")
	if err := os.Link(filepath.Join(dir, "a.csv"), filepath.Join(dir, "linked.csv")); err != nil {
		t.Fatal(err)
	}
	found, err := input.Find([]string{filepath.Join(dir, "a.csv"), filepath.Join(dir, "*.csv"), filepath.Join(dir, ".", "b.csv")}, nil)
	if err != nil || len(found) != 2 || filepath.Base(found[0].URI) != "a.csv" || filepath.Base(found[1].URI) != "b.csv" {
		t.Errorf("%+v, %v, want a.csv and b.csv", found, err)
	}
}

func TestFindMakesPathsAbsolute(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "a.csv", "")
	t.Chdir(dir)
	found, err := input.Find([]string{"*.csv", "./a.csv"}, nil)
	if err != nil || len(found) != 1 || !filepath.IsAbs(found[0].URI) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestFindSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want error
		text string
	}{
		"missing":        {[]string{filepath.Join(dir, "none.csv")}, fs.ErrNotExist, "none.csv"},
		"empty name":     {[]string{""}, fs.ErrNotExist, `""`},
		"folder":         {[]string{dir}, input.ErrIsFolder, dir},
		"no match":       {[]string{filepath.Join(dir, "*.csv")}, input.ErrNoMatch, "*.csv"},
		"bad pattern":    {[]string{filepath.Join(dir, "[")}, filepath.ErrBadPattern, "["},
		"standard twice": {[]string{"-", "-"}, nil, "only once"},
		"not UTF-8":      {[]string{file(t, t.TempDir(), "\xff.csv", "")}, input.ErrName, `\xff.csv`},
	} {
		_, err := input.Find(c.args, nil)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %v with %q", name, err, c.want, c.text)
		}
	}
}

func TestFindRefusesUnreadableFiles(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	path := file(t, t.TempDir(), "a.csv", "")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := input.Find([]string{path}, nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want %v", err, fs.ErrPermission)
	}
}

func TestFindLooksAtPipesWithoutOpeningThem(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	found, err := input.Find([]string{pipe}, nil) // to open it would wait for a writer
	if err != nil || len(found) != 1 || found[0].Size != -1 || found[0].HasRanges() {
		t.Errorf("%+v, %v", found, err)
	}
	if err := found[0].Check(); err != nil {
		t.Error(err)
	}
}

func TestOnlyStoredPlainInputsHaveRanges(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]bool{"a.csv": true, "a": true, "a.gz": false, "a.csv.zst": false} {
		in, err := input.Stat(file(t, dir, name, "x"))
		if err != nil || in.HasRanges() != want || in.IsGenerated() {
			t.Errorf("%s: %+v, %v", name, in, err)
		}
	}
	if generated := input.Generated("app", 10, 7); !generated.HasRanges() || !generated.IsGenerated() || generated.Size != 10 || generated.Seed != 7 {
		t.Errorf("%+v", generated)
	}
	if input.Stdin.HasRanges() {
		t.Error("standard input has ranges")
	}
}

func TestDifferenceAndCheckTellWhatChanged(t *testing.T) {
	dir := t.TempDir()
	path := file(t, dir, "a.csv", "1,2\n")
	in, err := input.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Check(); err != nil {
		t.Error(err)
	}
	later := in.Modified.Add(time.Second)
	for want, change := range map[string]func(in *input.Input){
		"was /": func(in *input.Input) { in.URI = "x" }, "size was 4, is 5": func(in *input.Input) { in.Size++ },
		"seed was 0, is 1": func(in *input.Input) { in.Seed++ }, "last changed ": func(in *input.Input) { in.Modified = later },
	} {
		other := in
		change(&other)
		if got := in.Difference(other); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	local := in
	local.Modified = in.Modified.In(time.FixedZone("far", 3600))
	if got := in.Difference(local); got != "" {
		t.Errorf("the same moment elsewhere: %s", got)
	}
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if err := in.Check(); !errors.Is(err, input.ErrChanged) || !strings.Contains(err.Error(), path) {
		t.Errorf("touched: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := in.Check(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("gone: %v", err)
	}
	if err := errors.Join(input.Stdin.Check(), input.Generated("app", 1, 1).Check()); err != nil {
		t.Error(err)
	}
}
