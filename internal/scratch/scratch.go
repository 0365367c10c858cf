// Package scratch gives a program folders for what it needs only while it runs, and removes what programs left that were killed.
//
// A folder is its owner's for as long as a file in it is locked. The lock is the operating system's (flock): it ends with the
// process, however that ends. So a folder whose file can be locked was left behind, and whoever sweeps next removes it.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ownerFile is the file in a folder that its owner has locked.
const ownerFile = ".flashmob-owner"

// Folder is a folder under the temporary one.
type Folder struct {
	Path  string
	owner *os.File
}

// New makes a folder whose name begins with the prefix, which says what it is for; and sweeps first.
func New(prefix string) (*Folder, error) {
	_ = Sweep() // what cannot be removed is in nobody's way
	path, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: path}
	// Until it is locked somebody who sweeps may take it for left: then it is made again.
	if f.owner, err = os.OpenFile(filepath.Join(path, ownerFile), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); errors.Is(err, fs.ErrNotExist) {
		return New(prefix)
	} else if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	if err := syscall.Flock(int(f.owner.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Remove())
	}
	if _, err := os.Lstat(f.owner.Name()); errors.Is(err, fs.ErrNotExist) {
		f.owner.Close()
		return New(prefix)
	}
	return f, nil
}

// Remove removes the folder with all that is in it.
func (f *Folder) Remove() error { return errors.Join(remove(f.Path), f.owner.Close()) }

// Keep leaves the folder to whoever wants to look at it: nobody sweeps it.
func (f *Folder) Keep() error { return errors.Join(os.Remove(f.owner.Name()), f.owner.Close()) }

// remove removes a folder, the owner's file last: what is left of it when that fails is still known for what it is.
func remove(path string) error {
	entries, err := os.ReadDir(path)
	for _, entry := range entries {
		if entry.Name() != ownerFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(path, entry.Name())))
		}
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// Sweep removes the folders that are this user's and whose owners have ended without removing them.
func Sweep() error {
	owners, err := filepath.Glob(filepath.Join(os.TempDir(), "*", ownerFile))
	for _, owner := range owners {
		err = errors.Join(err, sweep(owner))
	}
	return err
}

// sweep removes the folder of an owner's file if it was left.
func sweep(owner string) error {
	path := filepath.Dir(owner)
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return ignoreGone(err)
	}
	if of, ok := info.Sys().(*syscall.Stat_t); !ok || int(of.Uid) != os.Getuid() {
		return nil
	}
	file, err := os.OpenFile(owner, os.O_RDWR, 0)
	if err != nil {
		return ignoreGone(err)
	}
	defer file.Close()
	switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil
	case err != nil:
		return fmt.Errorf("lock %s: %w", path, err)
	}
	return ignoreGone(remove(path))
}

// ignoreGone is for what another who sweeps has removed meanwhile.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
