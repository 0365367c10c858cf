package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"flashmob/bench"
)

// A contender is one program with its flags, and what was measured of it.
type contender struct {
	bench.Record
	command bench.Command
	output  string // its table
	floats  bool   // it counts in floats
}

// contenders returns those that are to be run over an input of so many lines, in the order of the table.
func contenders(config Config, programs programs, input string, lines int) []*contender {
	all := queryContenders
	if config.App == wordcount {
		all = wordContenders
	}
	var chosen []*contender
	for _, c := range all(config, programs, input) {
		if c.Rows, c.Against = lines, "limit"; config.wants(c.Name) {
			c.Command, c.Output = c.command.String(), bench.Unchecked
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// flashmobs are flashmob with its slots in one process, and in processes of their own.
func flashmobs(config Config, programs programs, input string) []*contender {
	var both []*contender
	for name, slots := range map[string]string{"flashmob": "--workers", "flashmob-processes": "--processes"} {
		dir := filepath.Join(config.Dir, name)
		both = append(both, &contender{
			Record: bench.Record{Name: name}, output: filepath.Join(dir, "results.csv.gz"),
			command: bench.Command{Tree: true, Args: []string{programs.flashmob, "run", "--local", "-q", "--app", config.App,
				slots, strconv.Itoa(config.Workers), "--input", input, "-o", dir}},
		})
	}
	slices.SortFunc(both, func(a, b *contender) int { return strings.Compare(a.Name, b.Name) })
	return both
}

// queryContenders are those for query2.
func queryContenders(config Config, programs programs, input string) []*contender {
	output := func(name, file string) string { return filepath.Join(config.Dir, name, file) }
	limit := &contender{
		Record: bench.Record{Name: "limit"}, output: output("limit", "results.csv.gz"),
		command: bench.Command{Args: []string{programs.groupSum, "-workers", strconv.Itoa(config.Workers), "-o", output("limit", "results.csv.gz"), input}},
	}
	return slices.Concat([]*contender{limit}, flashmobs(config, programs, input), []*contender{
		{
			Record: bench.Record{Name: "duckdb", Skipped: programs.noDuckDB}, output: output("duckdb", "results.csv"),
			command: bench.Command{Dir: programs.duckDB, Args: []string{"node", "-e", fmt.Sprintf(duckScript, config.Workers, input, output("duckdb", "results.csv"))}},
		},
		{
			Record: bench.Record{Name: "mawk", Skipped: programs.noMawk}, output: output("mawk", "results.csv"), floats: true,
			command: bench.Command{Args: []string{"sh", "-c", fmt.Sprintf(mawkScript, input, output("mawk", "results.csv"))}},
		},
	})
}

// wordContenders are those for wordcount. GNU parallel drives a program that counts a block, and another adds up.
func wordContenders(config Config, programs programs, input string) []*contender {
	output := func(name string) string { return filepath.Join(config.Dir, name, "results.csv.gz") }
	limit := &contender{
		Record: bench.Record{Name: "limit"}, output: output("limit"),
		command: bench.Command{Args: []string{programs.wordLimit, "-workers", strconv.Itoa(config.Workers), "-o", output("limit"), input}},
	}
	all := append([]*contender{limit}, flashmobs(config, programs, input)...)
	for _, block := range []string{"4M", "16M", "64M"} {
		name := "parallel-" + block
		script := fmt.Sprintf("parallel --will-cite -j %d --pipepart --block %s -a %s '%s -map' | %[4]s -reduce -o %s",
			config.Workers, block, input, programs.wordLimit, output(name))
		all = append(all, &contender{
			Record: bench.Record{Name: name, Skipped: programs.noParallel}, output: output(name),
			command: bench.Command{Tree: true, Args: []string{"sh", "-c", script}},
		})
	}
	redis := fmt.Sprintf("redis-server --port %d --save '' --appendonly no >/dev/null & server=$!; "+
		"until redis-cli -p %[1]d ping >/dev/null 2>&1; do sleep 0.02; done; "+
		"%[2]s -redis 127.0.0.1:%[1]d -workers %[3]d -o %[4]s '%[5]s'; code=$?; kill $server; wait $server; exit $code",
		redisPort, programs.wordLimit, config.Workers, output("redis"), input)
	table := filepath.Join(config.Dir, "duckdb", "results.csv")
	return append(all, &contender{
		Record: bench.Record{Name: "duckdb", Skipped: programs.noDuckDB}, output: table,
		command: bench.Command{Dir: programs.duckDB, Args: []string{"node", "-e", fmt.Sprintf(duckWords, config.Workers, input, table)}},
	}, &contender{
		Record: bench.Record{Name: "redis", Skipped: programs.noRedis}, output: output("redis"),
		command: bench.Command{Tree: true, Args: []string{"sh", "-c", redis}},
	})
}

// redisPort is where the Redis server of the benchmark listens, away from one that may be there.
const redisPort = 26379

// duckWords has the number of threads, the input and the output to fill in. A line is one field, for nothing in the text is
// the separator.
const duckWords = `const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const db = await (await DuckDBInstance.create(':memory:', { threads: '%d' })).connect();
  await db.run("COPY (SELECT word, count(*) AS count FROM (SELECT unnest(regexp_extract_all(lower(line), '\\p{L}+')) AS word " +
    "FROM read_csv('%s', header = false, columns = {'line': 'VARCHAR'}, delim = '\\x01', quote = '', escape = '')) " +
    "GROUP BY word ORDER BY count DESC, word) TO '%s' (HEADER)");
})();`

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
	if !strings.HasPrefix(c.Name, "flashmob") { // which makes it itself
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
