package manifest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
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

// ReportFile is for people: how the run went. It is no part of the results.
const ReportFile = "report.html"

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
		case LogsFolder, ReportFile: // of a run that failed: the next one may have the folder
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
	var head struct{ Run identity }
	err := decodeFront(filepath.Join(dir, JournalFile), &head)
	return head.Run.ID, err
}

// identity is what is looked for in the front of a journal, and in a manifest.
type identity struct {
	ID      string `json:"run"`
	Results string `json:"results"`
}

// resultsIn returns the name of the results file of the run in dir, or "" where there is none.
func resultsIn(dir string) (string, error) {
	var head struct{ Run identity }
	var whole identity
	err := errors.Join(decodeFront(filepath.Join(dir, JournalFile), &head), decodeFront(filepath.Join(dir, ManifestFile), &whole))
	name := cmp.Or(head.Run.Results, whole.Results)
	if name != filepath.Base(name) || !strings.HasPrefix(name, "results.") { // it is to be removed
		name = ""
	}
	return name, err
}

// decodeFront decodes the first value of a file, if there is such a file and it begins with one.
func decodeFront(path string, into any) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into %s: %w", path, err)
	}
	defer file.Close()
	_ = json.NewDecoder(file).Decode(into) // if it cannot be, the run was not begun, or the file is none of ours
	return nil
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
	own, err := resultsIn(dir)
	if err != nil {
		return err
	}
	// The manifest first and the journal last: the folder never looks finished meanwhile, and nobody else writes to it.
	names := []string{ManifestFile}
	for _, entry := range entries {
		if name := entry.Name(); (isOurs(name) || isSplit(name, own) || own != "" && strings.TrimSuffix(name, partial) == own) && name != JournalFile {
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
	case ManifestFile, RejectsFile, JournalFile, WorkFolder, ReportFile:
		return true
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	return name == "results.csv" || name == "results.txt"
}

// isSplit reports whether a file is one that results of that name were split into.
func isSplit(name, results string) bool {
	middle, ok := strings.CutPrefix(name, "results.")
	number, _, found := strings.Cut(middle, ".")
	if !ok || !found {
		return false
	}
	n, err := strconv.Atoi(number)
	return err == nil && n > 0 && results != "" && name == splitName(results, n)
}

// ErrInUse says that another program is writing to the folder.
var ErrInUse = errors.New("another run is writing here")
