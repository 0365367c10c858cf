package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flashmob/bench"
)

// record is what the file holds: the outcome of every case, raw.
type record struct {
	Outcomes []outcome `json:"outcomes"`
}

// outcome is what was said of a case and what it came to.
type outcome struct {
	Program string           `json:"program"`
	Place   string           `json:"place"`
	Rows    int64            `json:"rows"`
	Size    int              `json:"size"`
	Date    time.Time        `json:"date"`
	Machine bench.Machine    `json:"machine"`
	Job     bench.Job        `json:"job"`    // as sampled the second time
	Before  bench.Prediction `json:"before"` // any run
	Taught  []bench.Entry    `json:"taught"`
	After   bench.Prediction `json:"after"` // those
	Runs    []bench.Entry    `json:"runs"`
}

// read reads a file of them.
func read(file string) (*record, error) {
	r := new(record)
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, r)
	}
	if err != nil {
		return r, fmt.Errorf("read record %s: %w", file, err)
	}
	return r, nil
}

// write writes the file.
func (r *record) write(file string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	return err
}

// put takes in an outcome, in the place of an older one of the same case.
func (r *record) put(o outcome) {
	i := slices.IndexFunc(r.Outcomes, func(old outcome) bool { return old.Program == o.Program && old.Place == o.Place })
	if i < 0 {
		r.Outcomes = append(r.Outcomes, o)
		return
	}
	r.Outcomes[i] = o
}

// times are the seconds of the runs.
func (o outcome) times() (times []float64) {
	for _, e := range o.Runs {
		times = append(times, e.Actual.Seconds)
	}
	return times
}

// off is by what part a prediction was wrong: 0.1 is a tenth too long.
func (o outcome) off(p bench.Prediction) float64 { return p.Seconds.Value/bench.Median(o.times()) - 1 }

// table shows the outcomes.
func (r *record) table() *bench.Table {
	t := &bench.Table{Columns: []bench.Column{{Name: "program"}, {Name: "on"}, {Name: "rows", Right: true}, {Name: "of an untaught plan", Right: true},
		{Name: "off", Right: true}, {Name: "taught by", Right: true}, {Name: "then", Right: true}, {Name: "measured", Right: true}, {Name: "spread", Right: true}, {Name: "off", Right: true}}}
	for _, o := range r.Outcomes {
		on := fmt.Sprintf("%d workers here", o.Size)
		if o.Place != bench.Local {
			on = fmt.Sprintf("%d hosts in the sandbox", o.Size)
		}
		times := o.times()
		t.Add(o.Program, on, bench.Grouped(o.Rows), bench.Seconds(o.Before.Seconds.Value), fmt.Sprintf("%+.0f %%", 100*o.off(o.Before)),
			bench.Grouped(o.Taught[0].Job.Rows)+" rows", bench.Seconds(o.After.Seconds.Value), bench.Seconds(bench.Median(times)),
			fmt.Sprintf("%s–%s of %d", bench.Seconds(slices.Min(times)), bench.Seconds(slices.Max(times)), len(times)), fmt.Sprintf("%+.0f %%", 100*o.off(o.After)))
	}
	return t
}

// allowed is by what part a calibrated plan may be off.
const allowed = 0.2

// hit says whether the calibrated plan was near enough to one of the runs: where they differ by more, no plan is near all.
func (o outcome) hit() bool {
	said := o.After.Seconds.Value
	return slices.ContainsFunc(o.times(), func(took float64) bool { return said > (1-allowed)*took && said < (1+allowed)*took })
}

// failed is an error that names the cases in which the calibrated plan was off by more than is allowed.
func (r *record) failed() error {
	var wrong []string
	for _, o := range r.Outcomes {
		if !o.hit() {
			wrong = append(wrong, fmt.Sprintf("%s, %s: off by %+.0f %%", o.Place, o.Program, 100*o.off(o.After)))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("plans were wrong: %s", strings.Join(wrong, "; "))
	}
	return nil
}
