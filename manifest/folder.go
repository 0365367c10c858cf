package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"flashmob/flow"
)

// Folder is a result folder that is being written. Not for concurrent use.
type Folder struct {
	Dir      string
	Run      Run
	Parts    []Part
	Totals   flow.Tally
	Summary  []string // goes into the manifest, as does Exchange
	Exchange []Exchange
	// Sync makes every part safe from a power cut before its line is in the journal, and the line before Append returns.
	Sync bool
	// Elsewhere is how many of Parts lie in another folder (CreateRest).
	Elsewhere int
	sittings  int
	started   time.Time
	journal   *os.File
	results   *os.File
	rejects   *os.File // nil until there is a reject
	size      int64    // of the results
	away      int64    // of size, what is in another folder
	lines     bytes.Buffer
}

// opening is a line of the journal that begins a sitting. The first carries the run's identity.
type opening struct {
	Run     *Run      `json:"run,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Resumed time.Time `json:"resumed,omitzero"`
	// Untrusted says, in the journal's last line, that nobody is to go on with the run.
	Untrusted bool `json:"untrusted,omitempty"`
}

// Create begins a run in dir, which must be empty or missing.
func Create(dir string, run Run) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create %s: %w", dir, cause(err))
	}
	f := &Folder{Dir: dir, Run: run, sittings: 1, started: time.Now().UTC()}
	var err error
	if f.journal, err = hold(f.path(JournalFile), os.O_CREATE); err != nil {
		return nil, fmt.Errorf("create %s: %w", f.path(JournalFile), err)
	}
	if err := vacant(f.journal); err != nil {
		return nil, errors.Join(fmt.Errorf("create %s: %w", f.path(JournalFile), err), f.journal.Close())
	}
	if err := f.write(opening{Run: &run, Started: f.started}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if f.results, err = os.OpenFile(f.path(run.Results+partial), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("create results: %w", err), f.Close())
	}
	return f, nil
}

// vacant empties a journal that has not even its first line; one that has belongs to a run.
func vacant(journal *os.File) error {
	if begun, err := hasLine(journal); err != nil {
		return err
	} else if begun {
		return fs.ErrExist
	}
	return trim(journal, 0)
}

// hasLine reports whether a journal has its first line. If not, whoever made it died before there was a run.
func hasLine(journal io.Reader) (bool, error) {
	_, err := bufio.NewReader(journal).ReadBytes('\n')
	if err == io.EOF {
		return false, nil
	}
	return err == nil, err
}

func (f *Folder) path(name string) string { return filepath.Join(f.Dir, name) }

// Work returns the folder for what the run needs while it goes on. It is gone when the run is finished.
func (f *Folder) Work() string { return f.path(WorkFolder) }

// Append adds a part. fill writes its results, part.Bytes of them, and returns the lines that it adds to the rejects.
func (f *Folder) Append(part Part, fill func(results *os.File) (rejects []byte, err error)) error {
	rejects, err := fill(f.results)
	if err != nil { // so that the next part does not stand behind half of this one
		return errors.Join(fmt.Errorf("append part at %d: %w", part.Offset, err), trim(f.results, f.size-f.away))
	}
	if part.RejectBytes = int64(len(rejects)); part.RejectBytes > 0 {
		if err := f.reject(rejects); err != nil {
			return err
		}
		part.RejectSHA256 = hash(rejects)
	}
	if f.Sync {
		if err := f.flush(f.results, f.rejects); err != nil {
			return err
		}
	}
	if err := f.write(part); err != nil {
		return err
	}
	if f.Sync {
		if err := f.flush(f.journal); err != nil {
			return err
		}
	}
	f.add(part)
	return nil
}

// flush waits until the disk has all of the files; those that are not there have nothing.
func (f *Folder) flush(files ...*os.File) error {
	for _, file := range files {
		if file == nil {
			continue
		}
		if err := file.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", file.Name(), cause(err))
		}
	}
	return nil
}

func (f *Folder) add(part Part) {
	f.Parts = append(f.Parts, part)
	f.Totals.Add(part.Tally)
	f.size += part.Bytes
}

// rejectsHeader names the columns of the rejects file. line counts from 1; byte is the record's offset in the input,
// from 0, decompressed.
const rejectsHeader = "input,line,byte,reason,record\n"

func (f *Folder) reject(lines []byte) error {
	if f.rejects == nil {
		var err error
		if f.rejects, err = os.OpenFile(f.path(RejectsFile+partial), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644); err != nil {
			return fmt.Errorf("create rejects: %w", err)
		}
		if _, err := f.rejects.WriteString(rejectsHeader); err != nil {
			return fmt.Errorf("append to %s: %w", f.rejects.Name(), cause(err))
		}
	}
	if _, err := f.rejects.Write(lines); err != nil {
		return fmt.Errorf("append to %s: %w", f.rejects.Name(), cause(err))
	}
	return nil
}

// write adds a line to the journal, in one write so that a crash leaves at most one torn line, the last.
func (f *Folder) write(line any) error {
	f.lines.Reset()
	if err := json.NewEncoder(&f.lines).Encode(line); err != nil {
		return fmt.Errorf("append to %s: %w", f.journal.Name(), err)
	}
	if _, err := f.journal.Write(f.lines.Bytes()); err != nil {
		return fmt.Errorf("append to %s: %w", f.journal.Name(), cause(err))
	}
	return nil
}

// Distrust ends the journal: what is there may be wrong, so that Resume is to refuse it (flow.ErrUntrusted).
func (f *Folder) Distrust() error { return f.write(opening{Untrusted: true}) }

// Size returns the size of the results so far, in bytes.
func (f *Folder) Size() int64 { return f.size }

// Close lets go of the folder, finished or not. A run that is not finished can be resumed. Closing again does nothing.
func (f *Folder) Close() error {
	if f.journal == nil {
		return nil
	}
	errs := []error{f.RemoveWork()}
	for _, file := range []*os.File{f.results, f.rejects, f.journal} { // the journal last: with it goes the lock
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	f.results, f.rejects, f.journal = nil, nil, nil
	return errors.Join(errs...)
}

// RemoveWork removes what only a run that goes on needs. A worker that has not heard yet that the run is over may put
// something there meanwhile: then it is removed, too.
func (f *Folder) RemoveWork() error {
	err := os.RemoveAll(f.Work())
	for begun := time.Now(); errors.Is(err, syscall.ENOTEMPTY) && time.Since(begun) < lateWork; {
		err = os.RemoveAll(f.Work())
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", f.Work(), cause(err))
	}
	return nil
}

// lateWork is how long workers may put something into a folder whose run is over.
const lateWork = 5 * time.Second

// cause strips the path that the os package puts before an error: the caller names it.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
