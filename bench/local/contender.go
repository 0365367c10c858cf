package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"flashmob/bench"
)

// A job is the work of a contender; contenders with the same job must have the same output.
type job struct {
	input    string
	slowness int
}

// A contender is one program with its flags, and what was measured of it.
type contender struct {
	bench.Record
	job
	command    bench.Command
	output     string // the file, or a pattern for it; removed before every run
	headerless bool   // what it makes of the header line is not compared
	once       bool   // run in the first round only
}

// run runs the contender once, adds the sample and compares the output.
func (c *contender) run(ctx context.Context, known known, reference sums) (bench.Sample, error) {
	if err := os.RemoveAll(filepath.Dir(c.output)); err != nil {
		return bench.Sample{}, err
	}
	if !c.makesFolder() {
		if err := os.Mkdir(filepath.Dir(c.output), 0o755); err != nil {
			return bench.Sample{}, err
		}
	}
	sample, err := bench.Run(ctx, c.command)
	if err != nil {
		return bench.Sample{}, err
	}
	c.Samples = append(c.Samples, sample)
	got, size, err := known.sumOutput(c.output)
	if err != nil {
		return bench.Sample{}, err
	}
	c.OutputBytes = size
	switch {
	case got.body != reference.body || !c.headerless && got.whole != reference.whole:
		c.Output = bench.Wrong
	case c.Output != bench.Wrong:
		c.Output = bench.Same
	}
	return sample, os.RemoveAll(filepath.Dir(c.output))
}

// makesFolder reports whether the program makes the folder of its output itself, as flashmob does.
func (c *contender) makesFolder() bool { return filepath.Base(c.output) == flashmobOutput }

// flashmobOutput is the pattern of the results in flashmob's output folder, whatever the codec.
const flashmobOutput = "results.csv*"

// selected returns the contenders that are to be run, in the order of the table.
func selected(config Config, programs programs) []*contender {
	var chosen []*contender
	for _, c := range contenders(config, programs) {
		if config.wants(c.Name) {
			c.Command, c.Slowness, c.Output = c.command.String(), c.job.slowness, bench.Unchecked
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// contenders returns all of them; targets.go refers to them by name.
func contenders(config Config, programs programs) []*contender {
	input := func(rows int) string { return filepath.Join(config.Dir, fmt.Sprintf("rows-%d.csv", rows)) }
	rows := job{input(config.Rows), config.Slowness}
	quick := job{rows.input, 1}
	none := job{input(0), config.Slowness}
	big := job{input(10 * config.Rows), config.Slowness}

	limit := func(name, against, compress string, j job) *contender {
		c := &contender{Record: bench.Record{Name: name, Rows: config.Rows, Against: against}, job: j}
		c.output = filepath.Join(config.Dir, name, "out.csv")
		if suffix, ok := map[string]string{"gzip": ".gz", "huffman": ".gz", "zstd": ".zst"}[compress]; ok {
			c.output += suffix
		}
		c.command = programs.limit(config, j, compress, c.output)
		return c
	}
	flashmob := func(name, against string, j job, flags ...string) *contender {
		c := &contender{Record: bench.Record{Name: name, Rows: config.Rows, Against: against, Skipped: programs.noFlashmob}, job: j}
		dir := filepath.Join(config.Dir, name)
		c.output = filepath.Join(dir, flashmobOutput)
		args := []string{programs.flashmob, "run", "--local", "-q", "--input", j.input, "-o", dir, "--slowness", strconv.Itoa(j.slowness)}
		c.command = bench.Command{Args: append(args, flags...), Tree: true}
		return c
	}
	// GNU parallel: script's %[1]s is parallel with its job slots, %[2]s the filter, %[3]s the input, %[4]s the output.
	parallel := func(name, script string) *contender {
		c := &contender{Record: bench.Record{Name: name, Rows: config.Rows, Against: "limit", Skipped: programs.noParallel}, job: rows}
		c.output, c.headerless = filepath.Join(config.Dir, name, "out.csv.gz"), true
		script = fmt.Sprintf(script, fmt.Sprintf("parallel --will-cite -j %d -k", config.Workers),
			fmt.Sprintf("%s -slowness %d", programs.gofilter, config.Slowness), rows.input, c.output)
		c.command = bench.Command{Args: []string{"sh", "-c", script}, Tree: true}
		return c
	}

	workers := strconv.Itoa(config.Workers)
	all := []*contender{
		limit("limit", "limit", "gzip", rows),
		flashmob("flashmob", "limit", rows, "--workers", workers),
		flashmob("flashmob-processes", "limit", rows, "--processes", workers),
		limit("limit-slowness-1", "limit-slowness-1", "gzip", quick),
		flashmob("flashmob-slowness-1", "limit-slowness-1", quick, "--workers", workers),
		limit("limit-zstd", "limit", "zstd", rows),
		flashmob("flashmob-zstd", "limit-zstd", rows, "--workers", workers, "--compress", "zstd"),
		limit("limit-huffman", "limit", "huffman", rows),
		parallel("parallel-pipepart", "%[1]s --pipepart --block 16M -a %[3]s '%[2]s | gzip -1' > %[4]s"),
		parallel("parallel-pipe", "%[1]s --pipe --block 16M '%[2]s' < %[3]s | gzip -1 > %[4]s"),
	}
	for _, block := range []string{"4M", "16M", "64M"} {
		all = append(all, parallel("parallel-own-gzip-"+block, "%[1]s --pipepart --block "+block+" -a %[3]s '%[2]s -gzip' > %[4]s"))
	}
	start := flashmob("flashmob-0-rows", "", none, "--workers", workers)
	start.Rows = 0
	all = append(all, start)
	if config.Big {
		c := flashmob("flashmob-big", "", big, "--workers", workers)
		c.Rows, c.once = 10*config.Rows, true
		all = append(all, c)
	}
	return all
}
