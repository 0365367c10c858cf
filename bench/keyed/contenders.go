package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"flashmob/bench"
)

// A contender is one program with its flags, and what was measured of it.
type contender struct {
	bench.Record
	command bench.Command
	output  string // its table
	floats  bool   // it counts in floats
}

// contenders returns those that are to be run, in the order of the table.
func contenders(config Config, programs programs, input string) []*contender {
	output := func(name, file string) string { return filepath.Join(config.Dir, name, file) }
	workers := strconv.Itoa(config.Workers)
	all := []*contender{
		{
			Record: bench.Record{Name: "limit"}, output: output("limit", "results.csv.gz"),
			command: bench.Command{Args: []string{programs.limit, "-workers", workers, "-o", output("limit", "results.csv.gz"), input}},
		},
		{
			Record: bench.Record{Name: "flashmob"}, output: output("flashmob", "results.csv.gz"),
			command: bench.Command{Args: []string{programs.flashmob, "run", "--local", "-q", "--app", "query2", "--workers", workers,
				"--input", input, "-o", output("flashmob", "")}},
		},
		{
			Record: bench.Record{Name: "flashmob-processes"}, output: output("flashmob-processes", "results.csv.gz"),
			command: bench.Command{Tree: true, Args: []string{programs.flashmob, "run", "--local", "-q", "--app", "query2", "--processes", workers,
				"--input", input, "-o", output("flashmob-processes", "")}},
		},
		{
			Record: bench.Record{Name: "duckdb", Skipped: programs.noDuckDB}, output: output("duckdb", "results.csv"),
			command: bench.Command{Dir: programs.duckDB, Args: []string{"node", "-e", fmt.Sprintf(duckScript, config.Workers, input, output("duckdb", "results.csv"))}},
		},
		{
			Record: bench.Record{Name: "mawk", Skipped: programs.noMawk}, output: output("mawk", "results.csv"), floats: true,
			command: bench.Command{Args: []string{"sh", "-c", fmt.Sprintf(mawkScript, input, output("mawk", "results.csv"))}},
		},
	}
	var chosen []*contender
	for _, c := range all {
		if c.Rows, c.Against = config.Rows, "limit"; config.wants(c.Name) {
			c.Command, c.Output = c.command.String(), bench.Unchecked
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// duckScript has the number of threads, the input and the output to fill in. Amounts are summed as exact decimals.
const duckScript = `const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const db = await (await DuckDBInstance.create(':memory:', { threads: '%d' })).connect();
  await db.run("COPY (SELECT substr(ip, 1, 8) AS prefix, sum(revenue) AS revenue FROM read_csv('%s', header = false, " +
    "columns = {'ip': 'VARCHAR', 'url': 'VARCHAR', 'day': 'VARCHAR', 'revenue': 'DECIMAL(28,18)', 'agent': 'VARCHAR', " +
    "'country': 'VARCHAR', 'language': 'VARCHAR', 'word': 'VARCHAR', 'duration': 'VARCHAR'}) " +
    "GROUP BY 1 ORDER BY 1) TO '%s' (HEADER)");
})();`

// mawkScript has the input and the output to fill in. mawk uses one core, and sort the rest.
const mawkScript = `{ echo prefix,revenue; mawk -F, '{ s[substr($1, 1, 8)] += $4 } END { for (k in s) printf "%%s,%%.17g\n", k, s[k] }' '%s' | LC_ALL=C sort; } > '%s'`

// run runs the contender once, adds the sample and compares its table with the reference, which the first one makes.
func (c *contender) run(ctx context.Context, reference *results) (bench.Sample, error) {
	folder := filepath.Dir(c.output)
	if err := os.RemoveAll(folder); err != nil {
		return bench.Sample{}, err
	}
	if c.Name != "flashmob" && c.Name != "flashmob-processes" { // they make it themselves
		if err := os.Mkdir(folder, 0o755); err != nil {
			return bench.Sample{}, err
		}
	}
	sample, err := bench.Run(ctx, c.command)
	if err != nil {
		return bench.Sample{}, err
	}
	c.Samples = append(c.Samples, sample)
	info, err := os.Stat(c.output)
	if err != nil {
		return bench.Sample{}, err
	}
	c.OutputBytes = info.Size()
	if err := reference.check(c); err != nil {
		return bench.Sample{}, err
	}
	return sample, os.RemoveAll(folder)
}
