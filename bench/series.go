package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Series is runs of one program over numbers of rows and sizes, several of each: what the seed's tables are made of. Its
// file holds the raw records, and everything shown of it is made of them.
type Series struct {
	Name    string    `json:"name"` // "local, native"
	Date    time.Time `json:"date"`
	Machine Machine   `json:"machine"`
	Cloud   string    `json:"cloud"`
	// Program says what each row costs: "native classifier", "classifier at 3.5ms a row".
	Program string  `json:"program"`
	Rows    []int64 `json:"rows"`
	Sizes   []int   `json:"sizes"` // workers on one machine, or hosts of a cluster
	Runs    int     `json:"runs"`  // of each
	// Prices says where those are from that dollars are reckoned with, and of what date; empty where nothing costs anything.
	Prices string  `json:"prices,omitempty"`
	Points []Point `json:"points"`
	// Simulated says that nothing of it was measured.
	Simulated bool `json:"simulated,omitempty"`
}

// A Point is all runs over so many rows on so many workers or hosts.
type Point struct {
	Rows    int64   `json:"rows"`
	Size    int     `json:"size"`
	Entries []Entry `json:"entries"`
	Failed  string  `json:"failed,omitempty"` // how the run that ended the point failed
}

// Done are the records of runs that came to their end. One that says that its run took no time is none: Faults names it.
func (p Point) Done() (done []Entry) {
	for _, e := range p.Entries {
		if e.Ended == Done && e.Actual.Seconds > 0 {
			done = append(done, e)
		}
	}
	return done
}

// Times are the seconds of the runs that came to their end, the shortest first: all there is from nothing to results at home and
// nothing left.
func (p Point) Times() []float64 {
	var times []float64
	for _, e := range p.Done() {
		times = append(times, e.Actual.Seconds)
	}
	slices.Sort(times)
	return times
}

// Cost is the median of what the runs cost, 0 at home.
func (p Point) Cost() float64 {
	var costs []float64
	for _, e := range p.Done() {
		costs = append(costs, e.Actual.Dollars)
	}
	return Median(costs)
}

// Predicted is the median of what was said before the runs, 0 where nothing was.
func (p Point) Predicted() float64 {
	var said []float64
	for _, e := range p.Done() {
		if e.Predicted != nil {
			said = append(said, e.Predicted.Seconds.Value)
		}
	}
	return Median(said)
}

// At is the point of so many rows on such a size.
func (s *Series) At(rows int64, size int) (Point, bool) {
	i := slices.IndexFunc(s.Points, func(p Point) bool { return p.Rows == rows && p.Size == size })
	if i < 0 {
		return Point{Rows: rows, Size: size}, false
	}
	return s.Points[i], true
}

// Efficiency is the work of the smallest size that was measured, against that of this one: rows a second of one worker or host.
func (s *Series) Efficiency(p Point) float64 {
	for _, size := range slices.Sorted(slices.Values(s.Sizes)) {
		least, ok := s.At(p.Rows, size)
		if times := least.Times(); ok && len(times) > 0 && len(p.Times()) > 0 {
			return Median(times) * float64(size) / (Median(p.Times()) * float64(p.Size))
		}
	}
	return 0
}

// Knee is the size from which on speed costs more than it brings, for so many rows; 0 where nothing costs anything.
func (s *Series) Knee(rows int64) int {
	var predictions []Prediction
	var sizes []int
	for _, size := range s.Sizes {
		if p, ok := s.At(rows, size); ok && len(p.Times()) > 0 {
			predictions = append(predictions, Prediction{Results: Exactly(Median(p.Times())), Dollars: Exactly(p.Cost())})
			sizes = append(sizes, size)
		}
	}
	if i := Knee(predictions); i >= 0 {
		return sizes[i]
	}
	return 0
}

// Faults are what is wrong with the records: points that are missing, runs that failed, records that cannot be.
func (s *Series) Faults() []string {
	var faults []string
	for _, rows := range s.Rows {
		for _, size := range s.Sizes {
			p, ok := s.At(rows, size)
			where := fmt.Sprintf("%s: %s rows, size %d", s.Name, Grouped(rows), size)
			switch done := len(p.Times()); {
			case !ok:
				faults = append(faults, where+": no record")
				continue
			case p.Failed != "":
				faults = append(faults, fmt.Sprintf("%s: failed: %s", where, p.Failed))
			case done < s.Runs:
				faults = append(faults, fmt.Sprintf("%s: %d of %d runs came to their end", where, done, s.Runs))
			}
			for _, e := range p.Entries {
				if fault := wrong(e, p, s.Cloud); fault != "" {
					faults = append(faults, fmt.Sprintf("%s: record %s: %s", where, e.Run, fault))
				}
			}
		}
	}
	return faults
}

// wrong says what cannot be true of a record of a point, or nothing.
func wrong(e Entry, p Point, cloud string) string {
	sum, size := e.sum(), e.Shape.Hosts
	if cloud == Local {
		size = e.Shape.Slots
	}
	const unnamed = 60 // seconds between phases: no run waits longer for nothing
	switch {
	case size != p.Size:
		return fmt.Sprintf("it is of size %d", size)
	case e.Ended == Done && e.Job.Rows != p.Rows:
		return fmt.Sprintf("it has %s rows", Grouped(e.Job.Rows))
	case e.Ended == Done && e.Actual.Seconds <= 0:
		return "it took no time"
	case e.negative() != "":
		return e.negative()
	case sum > 1.01*e.Actual.Seconds+0.01, e.Ended == Done && e.Actual.Seconds > 2*sum+unnamed:
		return fmt.Sprintf("its phases take %.2f s, all of it %.2f s", sum, e.Actual.Seconds)
	}
	return ""
}

// WriteFile writes the series as indented JSON.
func (s *Series) WriteFile(path string) error {
	text, err := json.MarshalIndent(s, "", " ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write series %s: %w", path, err)
	}
	return nil
}

// SeriesPrefix is what the names of files with series begin with: in the folder of results lie others too.
const SeriesPrefix = "series-"

// ErrNoSeries says that a folder holds no series.
var ErrNoSeries = errors.New("no series of runs here")

// ReadSeries reads all series in a folder, by name. Files that cannot be read are in the error, beside those that can.
func ReadSeries(dir string) ([]*Series, error) {
	paths, err := filepath.Glob(filepath.Join(dir, SeriesPrefix+"*.json"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("read %s: %w", dir, ErrNoSeries)
	}
	var all []*Series
	var faults []error
	for _, path := range paths {
		s := new(Series)
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, s)
		}
		if err == nil {
			err = s.check(filepath.Base(path))
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("read series %s: %w", path, err))
			continue
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Series) int { return cmp.Compare(a.Name, b.Name) })
	return all, errors.Join(faults...)
}

// check returns what is wrong with a series that was read from a file.
func (s *Series) check(file string) error {
	switch {
	case s.Name == "" || len(s.Rows) == 0 || len(s.Sizes) == 0:
		return errors.New("it has no name, no rows or no sizes")
	case slices.Min(s.Rows) < 1 || slices.Min(s.Sizes) < 1:
		return errors.New("it has rows or sizes below 1")
	case file != s.FileName()+".json": // what is made of it would take the place of what is made of another
		return fmt.Errorf("a series of its name, %q, belongs into %s.json", s.Name, s.FileName())
	}
	return nil
}

// FileName is the name of the series' file, and of what is made of it, without an ending.
func (s *Series) FileName() string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.':
			return r
		}
		return '-'
	}, strings.ReplaceAll(strings.ToLower(s.Name), "µs", "us"))
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	return SeriesPrefix + strings.Trim(name, "-")
}
