package manifest

import (
	"errors"
	"fmt"
)

// CreateRest begins a folder in dir for the rest of a run whose first parts, done, are in another folder. Parts lists all;
// the files hold what comes after done. It cannot be finished: whoever has the first parts appends these to them.
func CreateRest(dir string, run Run, done []Part) (*Folder, error) {
	f, err := Create(dir, run)
	if err != nil {
		return nil, err
	}
	f.Parts, f.Elsewhere = append([]Part{}, done...), len(done)
	for _, part := range done {
		f.Totals.Add(part.Tally)
		f.size += part.Bytes
	}
	f.away = f.size
	return f, nil
}

// ResumeRest opens the folder that CreateRest, or Create where done is empty, began for a run, to go on with it as Resume does.
func ResumeRest(dir string, run Run, done []Part) (*Folder, error) {
	f, err := resume(dir, done)
	if err != nil {
		return nil, err
	}
	if f.Run.ID != run.ID {
		return nil, errors.Join(fmt.Errorf("resume %s: %w: %s", dir, ErrOtherID, f.Run.ID), f.Close())
	}
	return f, nil
}

// ErrOtherID says that a folder is another run's.
var ErrOtherID = errors.New("another run's folder")

// Reopen returns the finished run in dir as a folder that can be viewed, and not be changed any more.
func Reopen(dir string) (*Folder, error) {
	m, err := Load(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{Dir: dir, Run: m.Run, Parts: m.Parts, Totals: m.Totals, Summary: m.Summary, size: m.Bytes, started: m.Started, sittings: m.Sittings}, nil
}
