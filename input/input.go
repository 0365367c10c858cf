package input

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

// Input is one input of a run.
type Input struct {
	URI      string    `json:"uri"`               // an absolute path, an address, "-" for standard input, or "generate:APP"
	Size     int64     `json:"size"`              // bytes as stored, rows where generated; -1 where only reading it tells
	Stored   int64     `json:"stored,omitempty"`  // of a compressed file that can be read from many places: its own size. Size is that of what it holds
	Modified time.Time `json:"modified,omitzero"` // of a file; zero otherwise
	ETag     string    `json:"etag,omitempty"`    // of a remote one: what tells its versions apart
	Address  string    `json:"-"`                 // where a remote one is read, where that is not the URI
	Seed     uint64    `json:"seed,omitempty"`
	Messages int64     `json:"messages,omitempty"` // of an input that listens: how many to take; 0 for all that come
}

// Stdin is the standard input of the process that feeds.
var Stdin = Input{URI: "-", Size: -1}

const generated = "generate:"

// Generated returns an input of rows that the application makes itself.
func Generated(app string, rows int64, seed uint64) Input {
	return Input{URI: generated + app, Size: rows, Seed: seed}
}

// IsGenerated reports whether the input is made, not read: its ranges count rows, not bytes.
func (in Input) IsGenerated() bool { return strings.HasPrefix(in.URI, generated) }

// HasRanges reports whether any range of the input can be read by itself. If not it is read once, front to back.
func (in Input) HasRanges() bool {
	return in.IsGenerated() || in.Size >= 0 && (codecOf(in.URI) == "" || in.Stored > 0)
}

// Resolver returns the inputs that an argument names which this package cannot look up itself.
type Resolver func(uri string) ([]Input, error)

// Find returns the inputs that the arguments name: files, glob patterns, - for standard input, tcp://HOST:PORT, or what s3 resolves,
// which may be nil. Inputs come in the order of the arguments, those of one pattern by name; a file that is named again, in
// whatever way, is left out.
func Find(args []string, s3 Resolver) ([]Input, error) {
	var found []Input
	known := map[file]bool{}
	for _, arg := range args {
		if arg == Stdin.URI {
			if slices.Contains(found, Stdin) {
				return nil, errors.New("input -: standard input can be read only once")
			}
			found = append(found, Stdin)
			continue
		}
		if strings.HasPrefix(arg, listens) {
			in, err := Listening(arg)
			if err != nil {
				return nil, err
			}
			found = append(found, in)
			continue
		}
		if remote := (Input{URI: arg}); remote.IsRemote() {
			ins, err := lookUp(arg, s3)
			if err != nil {
				return nil, err
			}
			for _, in := range ins {
				if !slices.ContainsFunc(found, func(other Input) bool { return other.URI == in.URI }) {
					found = append(found, in)
				}
			}
			continue
		}
		paths, err := expand(arg)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			in, err := Stat(path)
			if err != nil {
				return nil, err
			}
			of, err := fileOf(path)
			if err != nil {
				return nil, err
			}
			if !known[of] { // a record is processed once, however often its file is named
				known[of], found = true, append(found, in)
			}
		}
	}
	return found, nil
}

// lookUp returns the inputs that the name of something remote stands for.
func lookUp(arg string, s3 Resolver) ([]Input, error) {
	if !strings.HasPrefix(arg, S3) {
		in, err := StatRemote(arg)
		return []Input{in}, err
	}
	if s3 == nil {
		return nil, fmt.Errorf("input %q: %w", arg, ErrNoS3)
	}
	return s3(arg)
}

// ErrNoObject says that there is no object of that name.
var ErrNoObject = errors.New("no object of that name")

// ErrNoS3 says that objects in S3 cannot be looked up here.
var ErrNoS3 = errors.New("objects in S3 cannot be named here")

// file is a file, whatever it is called: its device, and its number there.
type file struct{ device, number uint64 }

// fileOf returns the file of a path.
func fileOf(path string) (file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return file{}, fmt.Errorf("input %q: %w", path, cause(err))
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return file{}, fmt.Errorf("input %q: this system numbers no files", path)
	}
	return file{uint64(stat.Dev), stat.Ino}, nil
}

// expand returns the paths that arg names, itself if there is such a file, else what it matches as a pattern.
func expand(arg string) ([]string, error) {
	if _, err := os.Stat(arg); err == nil || !strings.ContainsAny(arg, "*?[") {
		return []string{arg}, nil
	}
	paths, err := filepath.Glob(arg)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", arg, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("input %q: %w", arg, ErrNoMatch)
	}
	return paths, nil
}

// ErrNoMatch says that a pattern matches no file.
var ErrNoMatch = errors.New("the pattern matches no file")

// Stat describes the file, pipe or device at path.
func Stat(path string) (Input, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Input{}, fmt.Errorf("input %q: %w", path, cause(err))
	}
	if info.IsDir() {
		return Input{}, fmt.Errorf("input %q: %w", path, ErrIsFolder)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return Input{}, fmt.Errorf("input %q: %w", path, err)
	}
	if !utf8.ValidString(full) {
		return Input{}, fmt.Errorf("input %q: %w", path, ErrName)
	}
	if !info.Mode().IsRegular() {
		return Input{URI: full, Size: -1}, nil
	}
	f, err := os.Open(full) // found out now, not when the run is half set up
	if err != nil {
		return Input{}, fmt.Errorf("input %q: %w", path, cause(err))
	}
	in := Input{URI: full, Size: info.Size(), Modified: info.ModTime().UTC()}
	if all := unitsOf(f, in.Size, codecOf(full)); all != nil {
		in.Size, in.Stored = all.size(), in.Size
	}
	return in, f.Close()
}

// ErrName says that the path of an input cannot be written into journals and manifests, which are UTF-8.
var ErrName = errors.New("its path is not UTF-8")

// ErrIsFolder says that an input is a folder.
var ErrIsFolder = errors.New("is a folder")

// cause strips the path that the os package puts before an error: the caller has named it already.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// ErrChanged says that an input is no longer what it was when the run began.
var ErrChanged = errors.New("changed while it was read")

// Check returns an error if the input is a file that is no longer the same.
func (in Input) Check() error {
	if in.IsGenerated() || in.Size < 0 {
		return nil
	}
	if in.IsRemote() {
		return in.checkRemote()
	}
	now, err := Stat(in.URI)
	if err != nil {
		return err
	}
	if difference := in.Difference(now); difference != "" {
		return fmt.Errorf("input %q: %w: %s", in.URI, ErrChanged, difference)
	}
	return nil
}

func (in Input) checkRemote() error {
	now, err := in.look()
	if err != nil {
		return fmt.Errorf("input %q: %w", in.URI, err)
	}
	if now.Size == 0 && now.ETag == "" { // what has no first byte is answered without one
		now.ETag = in.ETag
	}
	if difference := in.Difference(now); difference != "" {
		return fmt.Errorf("input %q: %w: %s", in.URI, ErrChanged, difference)
	}
	return nil
}

// Difference says in what b differs from in, or "" if in nothing.
func (in Input) Difference(b Input) string {
	switch {
	case in.URI != b.URI:
		return fmt.Sprintf("was %s, is %s", in.URI, b.URI)
	case in.Size != b.Size:
		return fmt.Sprintf("size was %d, is %d", in.Size, b.Size)
	case in.Stored != b.Stored:
		return fmt.Sprintf("its size as stored was %d, is %d", in.Stored, b.Stored)
	case in.ETag != b.ETag:
		return fmt.Sprintf("ETag was %s, is %s", in.ETag, b.ETag)
	case in.Seed != b.Seed:
		return fmt.Sprintf("seed was %d, is %d", in.Seed, b.Seed)
	case !in.Modified.Equal(b.Modified):
		return fmt.Sprintf("last changed %s, now %s", in.Modified.Format(time.RFC3339Nano), b.Modified.Format(time.RFC3339Nano))
	}
	return ""
}
