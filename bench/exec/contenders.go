package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"flashmob/bench"
)

// slots is how many cores every contender may use.
const slots = 2

// A contender is one way to get a kind of results.
type contender struct {
	bench.Record
	kind   string // those of a kind give the same output
	script string // for bash, in the folder where everything is
	output string // the file; empty where there is none to compare
}

// contenders returns those that are to be run, in the order of the table.
func contenders(c config) []*contender {
	var all []*contender
	there := map[string]bool{}
	has := func(name string, args ...string) bool { // asked once of each: pandas takes a while to say so
		if _, known := there[name]; !known {
			there[name] = runs(name, args...)
		}
		return there[name]
	}
	add := func(kind, name string, rows int, output, script string) {
		one := &contender{Record: bench.Record{Name: kind + " " + name, Rows: rows, Command: script, Output: bench.Unchecked}, kind: kind, script: script, output: output}
		if ok, _ := path.Match(c.only, one.Name); !ok {
			return
		}
		switch {
		case strings.Contains(script, "parallel --will-cite") && !has("parallel", "--version"):
			one.Skipped = "GNU parallel is not installed (apt-get install parallel)"
		case strings.Contains(script, "/usr/bin/python3") && !has("/usr/bin/python3", "-c", "import pandas"):
			one.Skipped = "pandas is not installed (apt-get install python3-pandas)"
		case strings.Contains(script, "mawk") && !has("mawk", "1", "/dev/null"):
			one.Skipped = "mawk is not installed (apt-get install mawk)"
		}
		all = append(all, one)
	}
	ours := func(input, mode, command, more string) string {
		return fmt.Sprintf("%s ./flashmob run --local -q --workers %d --compress none --input %s --exec-mode %s --exec '%s' -o out/f", more, slots, input, mode, command)
	}
	for _, kind := range []string{"go", "awk"} {
		filter := map[string]string{"go": "./addfield", "awk": "mawk -f add.awk"}[kind]
		add(kind, "bare pipe", c.rows, "out/r", filter+" < rows.csv.txt > out/r")
		add(kind, "bare pipes, half each", c.rows, "", filter+" < rows.csv.txt.0 > out/0 & "+filter+" < rows.csv.txt.1 > out/1; wait")
		for _, block := range []string{"1M", "4M", "16M"} {
			add(kind, "parallel "+block, c.rows, "out/r", fmt.Sprintf("parallel --will-cite --pipe -k -j %d --block %s '%s' < rows.csv.txt > out/r", slots, block, filter))
		}
		add(kind, "flashmob batch", c.rows, "out/f/results.txt", ours("rows.csv.txt", "batch", filter, ""))
		add(kind, "flashmob lines", c.rows, "out/f/results.txt", ours("rows.csv.txt", "lines", filter, ""))
		if kind == "go" {
			add(kind, "flashmob frames", c.rows, "out/f/results.txt", ours("rows.csv.txt", "frames", filter+" -frames", ""))
		}
	}
	script := "/usr/bin/python3 examples/pandas/classify.py"
	add("pandas", "one process", c.pandas, "out/r", "SLOWNESS=0 "+script+" < pandas.csv > out/r")
	half := fmt.Sprintf("%dM", c.pandas*135/2/1_000_000+1) // a row has about 131 bytes: a block for every slot
	for _, block := range []string{"1M", "4M", "8M", half} {
		add("pandas", "parallel "+block, c.pandas, "out/r", fmt.Sprintf("export SLOWNESS=0; parallel --will-cite --pipe -k -j %d --header : --block %s %s < pandas.csv | mawk 'NR == 1 || !/^ID,SKU/' > out/r", slots, block, script))
	}
	for _, mode := range []string{"batch", "lines", "frames"} {
		add("pandas", "flashmob "+mode, c.pandas, "out/f/results.csv", ours("pandas.csv", mode, script+" "+mode, "SLOWNESS=0"))
	}
	add("objects", "range requests", c.objects, "", fmt.Sprintf(". ./store.env; ./objects -fetch %d s3://data/objects.csv.txt", slots))
	add("objects", "range requests into cat", c.objects, "", fmt.Sprintf(". ./store.env; ./objects -fetch %d -into 'cat >/dev/null' s3://data/objects.csv.txt", slots))
	add("objects", "flashmob", c.objects, "", ". ./store.env; "+ours("s3://data/objects.csv.txt", "batch", "cat >/dev/null", ""))
	return all
}

func runs(name string, args ...string) bool { return exec.Command(name, args...).Run() == nil }

// serveObjects starts an S3 on this machine that has the input, and leaves what is to be known of it in store.env.
func serveObjects(ctx context.Context, c config) (end func() error, err error) {
	if err := os.WriteFile(filepath.Join(c.dir, "add.awk"), []byte("{print $0 \",\" (gsub(/,/, \",\") % 10)}\n"), 0o644); err != nil {
		return nil, err
	}
	examples, err := filepath.Abs("examples")
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(examples, filepath.Join(c.dir, "examples")); err != nil {
		return nil, err
	}
	server := exec.CommandContext(ctx, filepath.Join(c.dir, "objects"), filepath.Join(c.dir, "objects.csv.txt"))
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	in, err := server.StdinPipe() // it ends when this closes
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	env := "export AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=key AWS_REGION=eu-west-1 AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL=" + address
	if err := os.WriteFile(filepath.Join(c.dir, "store.env"), []byte(env), 0o644); err != nil {
		return nil, err
	}
	return func() error {
		in.Close()
		return server.Wait()
	}, nil
}
