package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// An Entry is the record of one run of flashmob's: what was to be done, what was said of it before, what it came to.
type Entry struct {
	Run     string    `json:"run"`
	At      time.Time `json:"at"` // when it began
	Version string    `json:"version"`
	// App and Settings name the program: runs of the same need the same time for a row.
	App      string          `json:"app"`
	Settings json.RawMessage `json:"settings,omitempty"`
	Job      Job             `json:"job"` // as it turned out, but for Row and Begin: those are from before, zero where nothing was known
	Shape    Shape           `json:"shape"`
	// Resized says that hosts came or went in the middle: then the run is no measure of its shape.
	Resized bool `json:"resized,omitempty"`
	// Ended is "done", or why not.
	Ended string `json:"ended"`
	// Predicted is what was said before the run; nil where nothing was known.
	Predicted *Prediction `json:"predicted,omitempty"`
	Actual    Actual      `json:"actual"`
	// Decisions are what was done on the way to keep a deadline or a budget.
	Decisions []string `json:"decisions,omitempty"`
}

// Actual is what a run came to.
type Actual struct {
	Phases  map[string]float64 `json:"phases"` // seconds, by the names of a prediction's phases; those that there were
	Seconds float64            `json:"seconds"`
	Dollars float64            `json:"dollars"`
	// Unpriced says why Dollars is not all of it.
	Unpriced string `json:"unpriced,omitempty"`
}

// Done is what Entry.Ended says of a run that came to its end.
const Done = "done"

// Write writes the entry into the folder, under its run's name.
func (e Entry) Write(dir string) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, e.Run+".json"), append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write record of run %s: %w", e.Run, err)
	}
	return nil
}

// A Ledger is the entries of a folder, the oldest first.
type Ledger []Entry

// ReadLedger reads all entries in dir; where there is no such folder there are none. What cannot be read is in the error,
// beside the entries that can.
func ReadLedger(dir string) (Ledger, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read records of runs: %w", err)
	}
	var ledger Ledger
	var faults []error
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".json") {
			continue
		}
		path := filepath.Join(dir, file.Name())
		e, err := readEntry(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("read record %s: %w", path, err))
			continue
		}
		ledger = append(ledger, e)
	}
	slices.SortStableFunc(ledger, func(a, b Entry) int { return a.At.Compare(b.At) })
	return ledger, errors.Join(faults...)
}

func readEntry(path string) (e Entry, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, err
	}
	switch {
	case e.Run == "":
		return e, errors.New("it names no run")
	case e.Actual.Seconds <= 0 || e.Shape.Slots < 1:
		return e, errors.New("it has no time, or no slots")
	case e.negative() != "":
		return e, errors.New(e.negative())
	case e.Ended == Done && e.sum() > 1.01*e.Actual.Seconds+0.01:
		return e, fmt.Errorf("its phases take %.2f s, all of it %.2f s", e.sum(), e.Actual.Seconds)
	}
	return e, nil
}

// sum is the seconds of all phases.
func (e Entry) sum() (sum float64) {
	for _, seconds := range e.Actual.Phases {
		sum += seconds
	}
	return sum
}

// negative says what of the record is below nothing, if anything is.
func (e Entry) negative() string {
	for name, seconds := range e.Actual.Phases {
		if seconds < 0 {
			return fmt.Sprintf("its phase %s took less than no time", name)
		}
	}
	switch {
	case e.Actual.Dollars < 0:
		return "it cost less than nothing"
	case e.Job.Rows < 0 || e.Shape.Hosts < 0:
		return "it has less than no rows, or hosts"
	}
	return ""
}

// Same returns the entries of runs of the same program.
func (l Ledger) Same(app string, settings json.RawMessage) Ledger {
	return l.where(func(e Entry) bool {
		return e.App == app && string(compacted(e.Settings)) == string(compacted(settings))
	})
}

// In returns the entries of runs in the same place: the same cloud, and on AWS the same type unless
// that is left empty.
func (l Ledger) In(cloud, typ string) Ledger {
	return l.where(func(e Entry) bool {
		return e.Shape.Cloud == cloud && (cloud != AWS || typ == "" || e.Shape.Type == typ)
	})
}

// Last returns the newest entry that says what a run takes, if there is one.
func (l Ledger) Last() (Entry, bool) {
	whole := l.whole()
	if len(whole) == 0 {
		return Entry{}, false
	}
	return whole[len(whole)-1], true
}

// whole returns the entries that say what a run takes: those that came to their end, on hosts that stayed.
func (l Ledger) whole() Ledger {
	return l.where(func(e Entry) bool { return e.Ended == Done && !e.Resized && e.Job.Rows > 0 })
}

func (l Ledger) where(holds func(Entry) bool) Ledger {
	return slices.DeleteFunc(slices.Clone(l), func(e Entry) bool { return !holds(e) })
}
