package bench

import (
	"errors"
	"fmt"
	"strings"
)

// Verdict says whether a target is met.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "FAIL"
	Skipped Verdict = "skipped"
)

// A Target is one promise and what was measured of it.
type Target struct {
	Name     string  `json:"name"`
	Want     string  `json:"want"`
	Measured string  `json:"measured"` // or why it was skipped
	Verdict  Verdict `json:"verdict"`
}

// Targets are the promises of one benchmark.
type Targets []Target

// Table shows them, a line each.
func (all Targets) Table() *Table {
	table := &Table{Columns: []Column{{Name: "target"}, {Name: "wanted"}, {Name: "measured"}, {Name: "verdict"}}}
	for _, t := range all {
		table.Add(t.Name, t.Want, t.Measured, string(t.Verdict))
	}
	return table
}

// Missed names every target that was missed, nil when there is none.
func (all Targets) Missed() error {
	var errs []error
	for _, t := range all {
		if t.Verdict == Fail {
			errs = append(errs, fmt.Errorf("target %q: missed: %s", t.Name, t.Measured))
		}
	}
	return errors.Join(errs...)
}

// ErrWrong is a run that failed or whose output differs from the reference, which no speed makes up for.
var ErrWrong = errors.New("wrong")

// NewTarget asks for the measure, and whether it is enough, unless lacking says why there is none: ErrWrong fails the
// target, any other reason skips it.
func NewTarget(name, want string, lacking error, measure func() (measured string, met bool)) Target {
	t := Target{Name: name, Want: want, Verdict: Skipped}
	if lacking != nil {
		t.Measured, _, _ = strings.Cut(lacking.Error(), "\n")
		if errors.Is(lacking, ErrWrong) {
			t.Verdict = Fail
		}
		return t
	}
	measured, met := measure()
	t.Measured, t.Verdict = measured, Fail
	if met {
		t.Verdict = Pass
	}
	return t
}

// AtLeast is the target that one record's rows a second are at least so many times another's.
func (r *Report) AtLeast(name string, times float64, against string) Target {
	return NewTarget(name+" against "+against, fmt.Sprintf("≥ %.2f times its rows/s", times), r.Need(name, against), func() (string, bool) {
		ratio := r.Record(name).Rate() / r.Record(against).Rate()
		return fmt.Sprintf("%.2f", ratio), ratio >= times
	})
}

// Need says which of the records a target lacks, nil when none.
func (r *Report) Need(names ...string) error {
	for _, name := range names {
		record := r.Record(name)
		switch {
		case record.wrong() != nil:
			return record.wrong()
		case !record.Measured():
			return fmt.Errorf("%s: %s", name, record.Skipped)
		}
	}
	return nil
}

// Fastest returns the name of the fastest record whose name begins so, the beginning itself when none was measured.
func (r *Report) Fastest(beginning string) string {
	best := Record{Name: beginning}
	for _, record := range r.Records {
		if strings.HasPrefix(record.Name, beginning) && record.Measured() && record.Rate() > best.Rate() {
			best = record
		}
	}
	return best.Name
}

// Err names every target that was missed and every record that is wrong, nil when there is none.
func (r *Report) Err() error {
	errs := []error{r.Targets.Missed()}
	for _, record := range r.Records {
		errs = append(errs, record.wrong())
	}
	return errors.Join(errs...)
}

// wrong says how a record is wrong, nil when it is not.
func (r Record) wrong() error {
	switch {
	case r.Failed != "":
		return fmt.Errorf("%s: %w: %s", r.Name, ErrWrong, r.Failed)
	case r.Output == Wrong:
		return fmt.Errorf("%s: %w: its output differs", r.Name, ErrWrong)
	}
	return nil
}
