package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"flashmob/bench"
)

// A program is what is run, with flags of flashmob run.
type program struct {
	name  string
	flags []string
	wide  bool // over a file of rows of 20 kB; else over generated ones of 130 bytes
}

// programs cost little and much for a row, of their own or by the core, with small and large rows.
var programs = []program{
	{name: "classifier"},
	{name: "classifier at 3.5 ms a row", flags: []string{"--calibrate", "3.5ms"}},
	{name: "classifier, rows of 20 kB", wide: true},
	{name: "mawk, a line each", flags: []string{"--exec", `mawk -F, '{print $1, length($5) * $3}'`}},
	{name: "perl that waits 10 ms a row", flags: []string{"--exec-mode", "lines", "--exec", `perl -ne '$|=1; select(undef,undef,undef,0.01); print'`}},
}

// A question is what the plan is asked: a program with numbers of rows, in a place.
type question struct {
	program
	place       string
	taught      int64 // rows of the run that teaches, in the sandbox on one host
	asked       int64
	size        int    // workers, or hosts, of the run that is asked for
	lessons     int    // runs that teach
	description string // as patterns name it
}

// cases are all of them, in the order of the table.
func cases() []question {
	rows := map[string][2]int64{ // that teach, that are asked for; about one and about five seconds on two cores
		"classifier": {500_000, 4_000_000}, "classifier at 3.5 ms a row": {500, 3000}, "classifier, rows of 20 kB": {4000, 30_000},
		"mawk, a line each": {300_000, 2_000_000}, "perl that waits 10 ms a row": {200, 1200},
	}
	var all []question
	for _, place := range []string{bench.Local, bench.Sandbox} {
		for _, p := range programs {
			n := rows[p.name]
			q := question{program: p, place: place, taught: n[0], asked: n[1], size: 2, lessons: 1, description: place + ": " + p.name}
			if place == bench.Local {
				q.lessons = 2
			}
			all = append(all, q)
		}
	}
	return all
}

// input is the flags that say what is read, in a folder.
func (q question) input(dir string, rows int64) []string {
	if q.wide {
		return []string{"--input", filepath.Join(dir, fmt.Sprintf("wide-%d.csv", rows))}
	}
	return []string{"--lines", fmt.Sprint(rows)}
}

// prepare writes the files that the case reads.
func (q question) prepare(ctx context.Context, bin, dir string) error {
	if !q.wide {
		return nil
	}
	for _, rows := range []int64{q.taught, q.asked} { // 20 kB are 154 rows of the generator's, their line ends replaced
		file := q.input(dir, rows)[1]
		script := fmt.Sprintf("(echo ID,TEXT; %s generate --lines %d | tail -n +2 | tr ',\\n' '; ' | fold -w 20000 | awk '{print NR \",\" $0}' | head -n %d) > %s",
			filepath.Join(bin, "flashmob"), rows*160, rows, file)
		if out, err := exec.CommandContext(ctx, "sh", "-c", script).CombinedOutput(); err != nil {
			return fmt.Errorf("make %s: %w: %s", file, err, strings.TrimSpace(string(out)))
		}
		if err := bench.Warm(file); err != nil {
			return err
		}
	}
	return nil
}
