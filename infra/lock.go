package infra

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Holder is who works on a cluster.
type Holder struct {
	Operation string    `json:"operation"` // up, down, sweep
	Owner     string    `json:"owner"`     // user@machine
	PID       int       `json:"pid"`
	Host      string    `json:"host"`
	BootID    string    `json:"boot_id,omitempty"`
	Since     time.Time `json:"since"`
	// Asker is the process that it works for, its parent: when that is gone, it is stopping.
	Asker int `json:"asker,omitempty"`
}

// Me is this process as the holder of an operation that begins now.
func Me(operation string) Holder {
	return Holder{
		Operation: operation, Owner: thisOwner(), PID: os.Getpid(), Host: thisHost(), BootID: bootID(),
		Since: time.Now().UTC().Truncate(time.Second), Asker: os.Getppid(),
	}
}

// Orphaned reports whether whoever asked for the holder's operation has died on this machine: then it stops by itself,
// as soon as what is under way is written down.
func (h Holder) Orphaned() bool {
	return h.Asker > 1 && h.Host == thisHost() && h.BootID == bootID() && errors.Is(syscall.Kill(h.Asker, 0), syscall.ESRCH)
}

func (h Holder) String() string {
	return fmt.Sprintf("%s of %s (pid %d on %s) since %s", h.Operation, h.Owner, h.PID, h.Host, h.Since.Local().Format("15:04:05 on Jan 2"))
}

// LockedError says that somebody else works on the cluster now.
type LockedError struct {
	Path   string
	Holder Holder
}

func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("lock %s: held by a process that is just starting", e.Path)
	}
	return fmt.Sprintf("lock %s: held by %v, %v ago", e.Path, e.Holder, time.Since(e.Holder.Since).Round(time.Second))
}

// Lock lets one operation at a time work on a cluster.
//
// The lock is the operating system's (flock): it ends with the process, however that ends. What stands in the file is
// for people, and for the successor of a process that died: Release empties the file, so a file that says something
// and yet can be locked was left by a dead holder.
type Lock struct {
	file *os.File
	// Stale is the dead holder whose work was left unfinished; nil when the last one finished its own.
	Stale *Holder
}

// Acquire takes the lock at path without waiting. A *LockedError names the holder who has it.
func Acquire(path string, me Holder) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	lock, err := acquire(f, me)
	if err != nil {
		f.Close()
		return nil, err
	}
	return lock, nil
}

func acquire(f *os.File, me Holder) (*Lock, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	holder := readHolder(f)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		locked := &LockedError{Path: f.Name()}
		if holder != nil {
			locked.Holder = *holder
		}
		return nil, locked
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	text, err := json.Marshal(me)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	if err := rewrite(f, append(text, '\n')); err != nil {
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return &Lock{file: f, Stale: holder}, nil
}

// readHolder is nil when the file is empty. Words of a holder that died while it wrote them count as its name.
func readHolder(f *os.File) *Holder {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<16))
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	var h Holder
	if json.Unmarshal(text, &h) != nil {
		return &Holder{Operation: "unknown operation", Owner: "unknown"}
	}
	return &h
}

func rewrite(f *os.File, text []byte) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	return f.Sync()
}

// Release gives the lock back. finished says that nothing is left for a successor to repair.
func (l *Lock) Release(finished bool) error {
	var err error
	if finished {
		err = rewrite(l.file, nil)
	}
	return errors.Join(err, l.file.Close())
}

// Held returns who holds the lock at path now, nil for nobody: a holder that died does not hold it.
func Held(path string) (*Holder, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	defer f.Close()
	holder := readHolder(f)
	if holder == nil {
		return nil, nil
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) // for a moment: closing the file gives it back
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return holder, nil
	}
	return nil, err
}
