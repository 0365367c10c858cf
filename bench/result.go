package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A Sample is one timed run of a program with all its children.
type Sample struct {
	Wall   time.Duration `json:"wall_ns"`
	User   time.Duration `json:"user_ns"`
	System time.Duration `json:"system_ns"`
	Others time.Duration `json:"others_ns"`  // CPU time that everybody else on the machine took meanwhile
	Peak   int64         `json:"peak_bytes"` // the most resident memory, see Command.Tree
}

// CPU is the time that the program spent on all cores together.
func (s Sample) CPU() time.Duration { return s.User + s.System }

// Output says how a contender's results compare with the reference.
type Output string

// What is known of a contender's results.
const (
	Unchecked Output = "not checked"
	Same      Output = "same"
	Wrong     Output = "WRONG"
)

// A Record is everything that was measured of one contender.
type Record struct {
	Name        string   `json:"name"`
	Command     string   `json:"command"` // as a shell would take it
	Rows        int      `json:"rows"`
	Slowness    int      `json:"slowness"`
	Against     string   `json:"against,omitempty"` // the record that ratios refer to
	Samples     []Sample `json:"samples"`
	OutputBytes int64    `json:"output_bytes"` // as written, compressed
	Output      Output   `json:"output"`
	Skipped     string   `json:"skipped,omitempty"` // why it could not be run here
	Failed      string   `json:"failed,omitempty"`  // how it failed, and then there are no samples
}

// Measured reports whether the record has samples of a program that did its work correctly.
func (r Record) Measured() bool { return len(r.Samples) > 0 && r.Output != Wrong }

// Wall returns the median wall time, and the shortest and the longest.
func (r Record) Wall() (median, least, most time.Duration) {
	walls := pick(r.Samples, func(s Sample) time.Duration { return s.Wall })
	if len(walls) == 0 {
		return 0, 0, 0
	}
	return Median(walls), slices.Min(walls), slices.Max(walls)
}

// CPU returns the median CPU time.
func (r Record) CPU() time.Duration { return Median(pick(r.Samples, Sample.CPU)) }

// Others returns the median CPU time that everybody else took during a run.
func (r Record) Others() time.Duration {
	return Median(pick(r.Samples, func(s Sample) time.Duration { return s.Others }))
}

// Peak returns the highest peak of all samples, in bytes: memory that was needed once may be needed again.
func (r Record) Peak() int64 {
	var peak int64
	for _, s := range r.Samples {
		peak = max(peak, s.Peak)
	}
	return peak
}

// Rate returns rows a second at the median wall time, 0 when nothing was measured.
func (r Record) Rate() float64 {
	median, _, _ := r.Wall()
	if median == 0 {
		return 0
	}
	return float64(r.Rows) / median.Seconds()
}

// pick returns one value of every sample.
func pick[T any](samples []Sample, value func(Sample) T) []T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = value(s)
	}
	return values
}

// Median returns the middle of values, the mean of the two in the middle when their number is even, and zero of none.
func Median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// A Report is one whole benchmark: enough to say where, when and with what each figure came about.
type Report struct {
	Date     time.Time         `json:"date"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Records  []Record          `json:"records"`
	Targets  Targets           `json:"targets"`
}

// Record returns the record of that name, or one that says that it was not run.
func (r *Report) Record(name string) Record {
	for _, record := range r.Records {
		if record.Name == name {
			return record
		}
	}
	return Record{Name: name, Output: Unchecked, Skipped: "not run"}
}

// WriteFile writes the report as indented JSON, making the folder where it lies.
func (r *Report) WriteFile(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// Add adds to the report what an earlier one at path has: the samples of the same contenders, and the other contenders.
func (r *Report) Add(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var before Report
	if err := json.Unmarshal(text, &before); err != nil {
		return fmt.Errorf("add to %s: %w", path, err)
	}
	for _, record := range before.Records {
		i := slices.IndexFunc(r.Records, func(own Record) bool { return own.Name == record.Name })
		switch {
		case i < 0:
			r.Records = append(r.Records, record)
		case r.Records[i].Rows != record.Rows || r.Records[i].Failed != "":
			return fmt.Errorf("add to %s: %s: another input, or it failed", path, record.Name)
		default:
			r.Records[i].Samples = append(record.Samples, r.Records[i].Samples...)
		}
	}
	return nil
}
