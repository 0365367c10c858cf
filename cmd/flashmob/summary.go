package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"flashmob/apps/exec"
	"flashmob/manifest"
)

// summary shows how a run ended: the last thing that a command says.
func (d *display) summary(folder string, m *manifest.Manifest, phases []manifest.Phase, wall time.Duration) error {
	said := ""
	if d.split > 0 {
		var err error
		if m, err = manifest.Split(folder, d.split); err != nil {
			return err
		}
	}
	if d.record != nil {
		d.record.done(m, phases, wall)
		if !d.record.holdBack {
			said = d.keepRecord()
		}
	}
	switch {
	case d.json:
		if err := d.summaryJSON(folder, m, phases, wall, said); err != nil {
			return err
		}
	case !d.quiet:
		d.summaryText(folder, m, phases, wall, said)
	}
	return rejectsError(m)
}

// keepRecord keeps the record of a run and returns what to say of its forecast. A record that cannot be kept is not worth a
// run.
func (d *display) keepRecord() string {
	said, err := d.record.close()
	if err != nil {
		d.logger().Warn("the record of the run is not kept: later forecasts miss it", "err", err)
	}
	return said
}

func (d *display) summaryText(folder string, m *manifest.Manifest, phases []manifest.Phase, wall time.Duration, said string) {
	for _, line := range m.Summary {
		fmt.Fprintln(d.out, line)
	}
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "rows\t%s in = %s out + %s rejected%s\n", groups(m.Totals.In), groups(m.Totals.Out), groups(m.Totals.Rejected), written(m))
	var times []string
	for _, p := range phases {
		times = append(times, fmt.Sprintf("%s %s", p.Name, took(time.Duration(p.Seconds*float64(time.Second)))))
	}
	fmt.Fprintf(w, "time\t%s: %s\n", took(wall), strings.Join(times, ", "))
	if m.Sittings == 1 {
		rate := fmt.Sprintf("%s rows/s", groups(int64(float64(m.Totals.In)/wall.Seconds())))
		if in := inputBytes(m); in > 0 {
			rate += fmt.Sprintf(", %s/s of input", megabytes(int64(float64(in)/wall.Seconds())))
		}
		fmt.Fprintf(w, "rate\t%s\n", rate)
	} else {
		fmt.Fprintf(w, "resumed\tin %d sittings since %s\n", m.Sittings, m.Started.Local().Format(time.DateTime))
	}
	if len(m.Exchange) > 0 {
		var crossed []string
		for _, e := range m.Exchange {
			crossed = append(crossed, fmt.Sprintf("%s (%s)", e.Stage, megabytes(e.Bytes)))
		}
		fmt.Fprintf(w, "exchange\t%s\n", strings.Join(crossed, ", "))
	}
	if said != "" {
		fmt.Fprintf(w, "forecast\t%s\n", said)
	}
	fmt.Fprintf(w, "results\t%s (%s)\n", resultsOf(folder, m), megabytes(m.Bytes))
	if m.Rejects != nil {
		fmt.Fprintf(w, "rejects\t%s (%s)\n", filepath.Join(folder, m.Rejects.File), megabytes(m.Rejects.Bytes))
	}
	w.Flush()
}

// resultsOf names the results in a folder: the file, or the first and the last of several.
func resultsOf(folder string, m *manifest.Manifest) string {
	names := m.ResultFiles()
	name := filepath.Join(folder, names[0])
	if len(names) > 1 {
		name += " to " + names[len(names)-1]
	}
	return name
}

// written says how many records a program of the user's own wrote, where those are more or fewer than it was given.
func written(m *manifest.Manifest) string {
	if m.App != exec.Name || m.Totals.Emitted == m.Totals.Out {
		return ""
	}
	return fmt.Sprintf("; the program wrote %s", groups(m.Totals.Emitted))
}

// inputBytes returns how many bytes of input the run read, decompressed; 0 where it was generated.
func inputBytes(m *manifest.Manifest) int64 {
	var n int64
	for _, part := range m.Parts {
		if !m.Inputs[part.Input].IsGenerated() {
			n += part.Length
		}
	}
	return n
}

func (d *display) summaryJSON(folder string, m *manifest.Manifest, phases []manifest.Phase, wall time.Duration, said string) error {
	seconds := map[string]float64{}
	for _, p := range phases {
		seconds[p.Name] = p.Seconds
	}
	event := map[string]any{
		"event": "done", "run": m.ID, "records_in": m.Totals.In, "records_out": m.Totals.Out, "rejected": m.Totals.Rejected,
		"seconds": wall.Seconds(), "phases": seconds, "sittings": m.Sittings,
		"results": filepath.Join(folder, m.ResultFiles()[0]), "bytes": m.Bytes, "manifest": filepath.Join(folder, manifest.ManifestFile),
	}
	if m.Files != nil {
		event["files"] = m.ResultFiles()
	}
	if m.App == exec.Name {
		event["emitted"] = m.Totals.Emitted
	}
	if m.Summary != nil {
		event["summary"] = m.Summary
	}
	if m.Exchange != nil {
		event["exchange"] = m.Exchange
	}
	if said != "" {
		event["forecast"] = d.record.entry.Predicted
	}
	if m.Rejects != nil {
		event["rejects"] = filepath.Join(folder, m.Rejects.File)
	}
	return json.NewEncoder(d.out).Encode(event)
}

// detached says that a run was left to itself, and how to come back to it.
func (d *display) detached(folder string) error {
	return d.result(map[string]any{"event": "detached", "output": folder}, func() {
		fmt.Fprintf(d.out, "detached: the run goes on in the cluster\nflashmob run --attach -o %s brings its results home, flashmob status shows how far it is\n", folder)
	})
}

// breakdown shows where each second of several operations went, a phase a line; what is left of wall stands last.
func (d *display) breakdown(name string, phases []manifest.Phase, wall time.Duration) error {
	seconds := map[string]float64{}
	rest := wall.Seconds()
	for _, p := range phases {
		seconds[p.Name] += p.Seconds
		rest -= p.Seconds
	}
	rest = max(rest, 0)
	if d.json {
		seconds["rest"] = rest
		return json.NewEncoder(d.out).Encode(map[string]any{"event": name, "seconds": wall.Seconds(), "phases": seconds})
	}
	if d.quiet {
		return nil
	}
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", name, took(wall))
	for _, p := range append(phases, manifest.Phase{Name: "rest", Seconds: rest}) {
		fmt.Fprintf(w, "  %s\t%s\n", p.Name, took(time.Duration(p.Seconds*float64(time.Second))))
	}
	return w.Flush()
}
