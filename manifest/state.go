package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// State is what a folder holds.
type State int

// The states of a result folder.
const (
	Empty    State = iota // nothing, or no folder
	Foreign               // files, none of them flashmob's
	Begun                 // a run that is not finished
	Finished              // a finished run
)

// LogsFolder holds the logs of the hosts, where a run on them failed. It is no part of the results.
const LogsFolder = "host-logs"

// Look returns the state of the folder dir.
func Look(dir string) (State, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Empty, nil
	case err != nil:
		return Empty, fmt.Errorf("look into %s: %w", dir, err)
	}
	state := Empty
	for _, entry := range entries {
		switch entry.Name() {
		case JournalFile:
			if begun, err := isBegun(dir); begun || err != nil {
				return Begun, err // a manifest beside it is from a crash in the middle of Finish
			}
		case ManifestFile:
			state = Finished
		case LogsFolder: // of a run that failed: the next one may have the folder
		default:
			state = max(state, Foreign)
		}
	}
	return state, nil
}

// isBegun reports whether the journal in dir has a run.
func isBegun(dir string) (bool, error) {
	journal, err := os.Open(filepath.Join(dir, JournalFile))
	if errors.Is(err, fs.ErrNotExist) { // finished since
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look into %s: %w", dir, err)
	}
	defer journal.Close()
	return hasLine(journal)
}

// IDIn returns the ID of the unfinished run in dir, or "" where there is none.
func IDIn(dir string) (string, error) {
	journal, err := os.Open(filepath.Join(dir, JournalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look into %s: %w", dir, err)
	}
	defer journal.Close()
	var head struct {
		Run struct {
			ID string `json:"run"`
		} `json:"run"`
	}
	if err := json.NewDecoder(journal).Decode(&head); err != nil {
		return "", nil // it was not begun, or is no journal of ours: there is no run to name
	}
	return head.Run.ID, nil
}

// Clear removes a run from dir, finished or not, and nothing else. It returns ErrInUse while the run goes on.
func Clear(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clear %s: %w", dir, err)
	}
	journal, err := hold(filepath.Join(dir, JournalFile), os.O_CREATE)
	if err != nil {
		return fmt.Errorf("clear %s: %w", dir, err)
	}
	defer journal.Close()
	// The manifest first and the journal last: the folder never looks finished meanwhile, and nobody else writes to it.
	names := []string{ManifestFile}
	for _, entry := range entries {
		if name := entry.Name(); isOurs(name) && name != JournalFile {
			names = append(names, name)
		}
	}
	for _, name := range append(names, JournalFile) {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("clear %s: %w", dir, err)
		}
	}
	return nil
}

// isOurs reports whether a file in a result folder is one that a run makes.
func isOurs(name string) bool {
	switch name = strings.TrimSuffix(name, partial); name {
	case ManifestFile, RejectsFile, JournalFile, workFolder:
		return true
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	end, ok := strings.CutPrefix(name, "results.")
	return ok && end != "" && !strings.Contains(end, ".")
}

// ErrInUse says that another program is writing to the folder.
var ErrInUse = errors.New("another run is writing here")
