package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Finish writes the manifest, gives the files their final names, and closes the folder.
func (f *Folder) Finish(phases []Phase) (*Manifest, error) {
	m := &Manifest{
		Run: f.Run, Started: f.started, Finished: time.Now().UTC(), Sittings: f.sittings, Phases: phases,
		Totals: f.Totals, Summary: f.Summary, Exchange: f.Exchange, Bytes: f.size, Parts: f.Parts,
	}
	if f.rejects != nil {
		sum, size, err := hashFile(f.rejects.Name())
		if err != nil {
			return nil, err
		}
		m.Rejects = &Rejects{File: RejectsFile, Bytes: size, SHA256: sum}
	}
	if err := m.write(f.path(ManifestFile + partial)); err != nil {
		return nil, err
	}
	// The journal goes last: until then the folder counts as not finished, and Resume can put it right.
	renames := []string{ManifestFile}
	if m.Rejects != nil {
		renames = append(renames, RejectsFile)
	}
	for _, name := range append(renames, f.Run.Results) { // whoever waits for the results finds all that belongs to them
		if err := os.Rename(f.path(name+partial), f.path(name)); err != nil {
			return nil, fmt.Errorf("finish %s: %w", f.Dir, err)
		}
	}
	if err := os.Remove(f.path(JournalFile)); err != nil {
		return nil, fmt.Errorf("finish %s: %w", f.Dir, err)
	}
	return m, f.Close()
}

// hashFile returns the SHA-256 and the size of a file.
func hashFile(path string) (sum string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	size, err = io.Copy(h, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", 0, fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
