package manifest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"flashmob/flow"
)

// Resume opens the unfinished run in dir to go on with it. What the journal does not vouch for is cut off: a line that
// is torn and those behind it, bytes behind the last part, and every part from the first that leaves a gap or whose
// results or rejects do not have its hash. A run whose results cannot be trusted is refused.
func Resume(dir string) (*Folder, error) { return resume(dir, nil) }

// resume is Resume for a folder that holds what comes after done.
func resume(dir string, done []Part) (*Folder, error) {
	f := &Folder{Dir: dir, Elsewhere: len(done)}
	for _, part := range done {
		f.add(part)
	}
	f.away = f.size
	var err error
	if f.journal, err = hold(f.path(JournalFile), 0); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrNoRun
		}
		return nil, fmt.Errorf("resume %s: %w", dir, err)
	}
	if err := f.restore(); err != nil {
		return nil, errors.Join(fmt.Errorf("resume %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// restore brings the folder to the state after the last part that is whole.
func (f *Folder) restore() error {
	parts, ends, err := f.read()
	if err != nil {
		return err
	}
	if err := f.unfinish(); err != nil {
		return err
	}
	kept, rejects := 0, int64(len(rejectsHeader))
	headed := sound(f.rejects, rejects, hash([]byte(rejectsHeader)))
	cover := newCoverage(f.Run)
	for _, part := range f.Parts { // that lie elsewhere
		if err := cover.add(part); err != nil {
			return err
		}
	}
	for _, part := range parts {
		if cover.add(part) != nil || !sound(f.results, part.Bytes, part.SHA256) ||
			part.RejectBytes > 0 && !(headed && sound(f.rejects, part.RejectBytes, part.RejectSHA256)) {
			break
		}
		f.add(part)
		rejects += part.RejectBytes
		kept++
	}
	// The journal first: if this is interrupted, it must not vouch for what is gone.
	if err := trim(f.journal, ends[kept]); err != nil {
		return err
	}
	if err := trim(f.results, f.size-f.away); err != nil {
		return err
	}
	if rejects > int64(len(rejectsHeader)) {
		err = trim(f.rejects, rejects)
	} else {
		err = errors.Join(f.rejects.Close(), os.Remove(f.rejects.Name()))
		f.rejects = nil
	}
	if err != nil {
		return err
	}
	f.sittings++
	return f.write(opening{Resumed: time.Now().UTC()})
}

// unfinish takes back what a Finish that was interrupted has done, and opens results and rejects.
func (f *Folder) unfinish() (err error) {
	for _, name := range []string{ManifestFile, ManifestFile + partial} {
		if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if f.results, err = f.reopen(f.Run.Results); err != nil {
		return err
	}
	f.rejects, err = f.reopen(RejectsFile)
	return err
}

// read takes in the journal: the parts that it lists, and ends[k], the journal's length with the first k of them.
func (f *Folder) read() (parts []Part, ends []int64, err error) {
	lines := bufio.NewReaderSize(f.journal, 1<<20)
	var length int64
	for {
		text, err := lines.ReadBytes('\n')
		if err == io.EOF { // drops a torn last line
			break
		}
		if err != nil {
			return nil, nil, err
		}
		length += int64(len(text))
		var line struct {
			opening
			Part
		}
		if json.Unmarshal(text, &line) != nil || f.sittings == 0 && line.opening.Run == nil {
			break
		}
		switch {
		case f.sittings == 0:
			f.Run, f.started = *line.opening.Run, line.Started
			f.sittings, ends = 1, []int64{length}
		case line.Untrusted:
			return nil, nil, flow.ErrUntrusted
		case !line.Resumed.IsZero():
			f.sittings++
			ends[len(ends)-1] = length
		default:
			parts, ends = append(parts, line.Part), append(ends, length)
		}
	}
	if f.sittings == 0 {
		return nil, nil, fmt.Errorf("journal: %w", ErrNoRun)
	}
	return parts, ends, nil
}

// Rewind takes back all parts of a run that is resumed, for a run whose parts do not tell where to go on: what keyed stages
// have made of the input so far is gone with the workers.
func (f *Folder) Rewind() error {
	if _, err := f.journal.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("rewind %s: %w", f.Dir, err)
	}
	first, err := bufio.NewReader(f.journal).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("rewind %s: %w", f.Dir, err)
	}
	if err := errors.Join(trim(f.journal, int64(len(first))), trim(f.results, 0)); err != nil {
		return fmt.Errorf("rewind %s: %w", f.Dir, err)
	}
	if f.rejects != nil {
		if err := errors.Join(f.rejects.Close(), os.Remove(f.rejects.Name())); err != nil {
			return fmt.Errorf("rewind %s: %w", f.Dir, err)
		}
		f.rejects = nil
	}
	f.Parts, f.Totals, f.size = nil, flow.Tally{}, 0
	return f.write(opening{Resumed: time.Now().UTC()})
}

// reopen opens a file that is being written, which Finish may have given its final name before it was interrupted. One
// that is not there at all is made anew.
func (f *Folder) reopen(name string) (*os.File, error) {
	if _, err := os.Stat(f.path(name + partial)); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(f.path(name), f.path(name+partial)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return os.OpenFile(f.path(name+partial), os.O_CREATE|os.O_RDWR, 0o644)
}

// sound reports whether the next size bytes of file have the hash.
func sound(file io.Reader, size int64, sum string) bool {
	h := sha256.New()
	n, err := io.CopyN(h, file, size)
	return err == nil && n == size && hex.EncodeToString(h.Sum(nil)) == sum
}

// trim cuts a file to size bytes and goes to its end.
func trim(file *os.File, size int64) error {
	if err := file.Truncate(size); err != nil {
		return err
	}
	_, err := file.Seek(size, io.SeekStart)
	return err
}

// Peek returns the identity of the unfinished run in dir without opening it.
func Peek(dir string) (Run, error) {
	f := &Folder{Dir: dir}
	text, err := os.ReadFile(f.path(JournalFile))
	if err != nil {
		return Run{}, err
	}
	first, _, _ := bytes.Cut(text, []byte{'\n'})
	var line opening
	if err := json.Unmarshal(first, &line); err != nil || line.Run == nil {
		return Run{}, fmt.Errorf("read %s: %w", f.path(JournalFile), ErrNoRun)
	}
	return *line.Run, nil
}
