package main

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flashmob/apps"
	"flashmob/apps/exec"
	"flashmob/dashboard"
	"flashmob/input"
	"flashmob/internal/buildinfo"
	"flashmob/internal/scratch"
	"flashmob/manifest"
	"flashmob/orchestrator"
	"flashmob/worker"
)

// runFlags are the flags of flashmob run.
type runFlags struct {
	local     bool
	inventory string
	stack     string
	clusterRunFlags
	attach bool
	inputs []string
	lines  int64
	seed   uint64
	output string
	// destination is where the results go in S3 when the run is over; empty for nowhere
	destination string
	appFlags
	execFlags
	limitFlags
	workers   int
	processes int
	listen    string
	batchRows int
	compress  string
	maxRecord size
	noHeader  bool
	delimiter string
	sampled   int64
	split     int
	quote     string
	order     string
	messages  int64
	sink      string
	external  string
	resume    bool
	force     bool
	dashboard string // address of the page; empty for none
	replaces  string // the ID of the run that force takes out of the folder
	display   displayFlags
}

func newRunCommand() *cobra.Command {
	cmd, flags := runCommand()
	runFileFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch b, err := becomesBurst(cmd); {
		case err != nil:
			return err
		case b != nil:
			return b.start()
		}
		if _, err := layer(cmd, known(cmd.Flags())); err != nil {
			return err
		}
		return runRun(cmd, *flags)
	}
	return cmd
}

// takeRunFlags gives a command those of run's flags that it wants, and returns where they go.
func takeRunFlags(cmd *cobra.Command, wants func(name string) bool) *runFlags {
	run, flags := runCommand()
	run.Flags().VisitAll(func(f *pflag.Flag) {
		if wants(f.Name) {
			cmd.Flags().AddFlag(f)
		}
	})
	return flags
}

// runCommand returns the command and where its flags go: burst takes most of them too.
func runCommand() (*cobra.Command, *runFlags) {
	flags := new(runFlags)
	cmd := &cobra.Command{
		Use:   "run [--local] (--input FILE | --lines N) [-o FOLDER]",
		Short: "Process an input and write the results",
		Long: `Run streams the records of one or more inputs through an application and writes
the results, in the input's order, to a folder:

  results.csv.gz   the input's records with what the application makes of them
  manifest.json    what was run on what, and the proof that nothing is missing
  rejects.csv      records that could not be processed, if there are any

It runs on the cluster that flashmob up has made, on hosts of your own (-i), or
with --local on this machine, with the same results.

Inputs are files of what the application reads, CSV or text, patterns, or - for
standard input; .gz, .zst, .bz2 and .deflate (zlib) are decompressed. A file that
is named twice is read once.
An input tcp://HOST:PORT takes frames (4 bytes length, big-endian, then the record)
from any number of connections, until the run is drained: by Ctrl-C, by flashmob
shutdown, or after --messages N.

With --exec the records go through a program of your own, in any language, on its
standard input and output: see docs/exec.md. A record that it fails on goes to the
rejects; a program that fails on everything ends the run, with what it said.

Inputs may be https:// and s3:// addresses too, read by every worker itself, and
results go to -o s3://BUCKET/KEY/ when the run is over: see docs/inputs.md.

With -f FILE the flags stand in a file, YAML with a key for every flag:

  input: [a.csv, 's3://bucket/in/*.csv.gz']    # a list where a flag may be repeated
  exec: python3 classify.py
  env: {LEVEL: 3}                              # or [NAME] for one of your own
  output: results
  local: true                                  # or size: 4 for a cluster of its own

A variable FLASHMOB_WORKERS=8 overrides the file, a flag overrides both; flashmob
config show -f FILE says what is in force. flashmob init writes a file with all keys.

Ctrl-C once finishes what is under way and leaves a folder that --resume goes
on with; twice stops at once.

With --processes the slots are in processes of their own, of the program worker
that stands beside this one, or that FLASHMOB_WORKER names.

With --replicas 3 the first three hosts that process, or processes of --local, each
have all of the log, and any of them may be lost, the initializer too: the run goes
on with the others. While fewer than two answer it waits, and says so. It costs
disk and time: see docs/reliability.md.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with rejects, 4 the workers
or hosts failed, 130 interrupted.`,
		Example: `  flashmob run --local --input data.csv -o output
  flashmob run --local --input 'parts/*.csv.gz' --workers 4 -o output
  zcat big.csv.gz | flashmob run --local --input - -o output
  flashmob run --local --lines 1000000 --seed 7 --slowness 100 -o output
  flashmob run --local --processes 3 --input data.csv -o output
  flashmob run --local --input data.csv -o output --resume
  flashmob run --replicas 3 --input data.csv -o output
  flashmob run --file model.bin --setup 'pip install numpy' --input data.csv -o output
  flashmob run --detach --input data.csv -o output; flashmob run --attach -o output
  flashmob run --local --exec 'python3 job.py' --input data.csv -o output
  flashmob run -f nightly.yml --workers 2
  flashmob run --local --app query2 --prefix 10 --input 'uservisits/*' -o output
  flashmob run --local --app votes --processes 2 --input tcp://127.0.0.1:7010 --sink tcp://127.0.0.1:7002
  flashmob run --local --app wordcount --input 'books/*.txt' -o output`,
		Args: noArguments,
	}
	f := cmd.Flags()
	f.BoolVar(&flags.local, "local", false, "run on this machine")
	f.StringVarP(&flags.inventory, "inventory", "i", "", "run on the hosts of this `FILE`, in Ansible's YAML (default: those that flashmob up made)")
	f.StringVar(&flags.stack, "stack", "", "run on the cluster of this `NAME`")
	flags.clusterRunFlags.register(f)
	f.BoolVar(&flags.attach, "attach", false, "follow the run that was begun in the folder and goes on in the cluster")
	f.StringArrayVar(&flags.inputs, "input", nil, "`FILE`, pattern, or - for standard input; may be given several times")
	f.Int64Var(&flags.lines, "lines", 0, "generate `N` rows in place of reading an input")
	f.Uint64Var(&flags.seed, "seed", 1, "of the generated rows")
	f.StringVarP(&flags.output, "output", "o", "output", "result `FOLDER`")
	flags.appFlags.register(f)
	flags.execFlags.register(f)
	flags.limitFlags.register(f)
	f.IntVar(&flags.workers, "workers", 0, "slots: records are processed by so many cores at once (default: all cores)")
	f.IntVar(&flags.processes, "processes", 0, "start `N` worker processes in place of working in this one")
	f.StringVar(&flags.listen, "listen", "", "with --processes, `HOST:PORT` that they connect to (default: a free port of 127.0.0.1)")
	f.IntVar(&flags.batchRows, "batch-rows", 0, "fix the records in a batch (default: about a quarter of a second's worth)")
	f.StringVar(&flags.compress, "compress", "gzip", "gzip, huffman (gzip without its search for repeats: faster, larger), zstd or none")
	flags.maxRecord = 16 << 20
	f.Var(&flags.maxRecord, "max-record", "reject records longer than `SIZE`")
	f.BoolVar(&flags.noHeader, "no-header", false, "the first record is data")
	f.Int64Var(&flags.sampled, "sample", 0, "run the first `N` records only, here, and show what comes of them; nothing is kept")
	f.IntVar(&flags.split, "split", 0, "put the results into `N` files, results.1.csv.gz and so on, each with the header line")
	f.StringVar(&flags.order, "order", inputOrder, "of the results: input, or none: as they come, so that nothing waits for a batch that takes long")
	f.StringVar(&flags.delimiter, "delimiter", "", "of CSV: `CHARACTER` between fields, or tab (default: a comma)")
	f.StringVar(&flags.quote, "quote", "", "of CSV: `CHARACTER` that quotes fields, or none (default: the double quote)")
	f.Int64Var(&flags.messages, "messages", 0, "end an input that listens after `N` messages (default: when the run is drained)")
	f.StringVar(&flags.sink, "sink", "", "send result lines to tcp://`HOST:PORT` too, as they come")
	f.StringVar(&flags.external, "external", "", "`HOST:PORT` where flashmob shutdown reaches the run; worker process i takes the i-th port behind")
	f.BoolVar(&flags.resume, "resume", false, "go on with the unfinished run in the folder")
	f.StringVar(&flags.dashboard, "dashboard", "", "show the run as a page at =`ADDR`, or the next free port; on a cluster always")
	f.Lookup("dashboard").NoOptDefVal = dashboard.Address
	f.BoolVar(&flags.force, "force", false, "replace the run in the folder")
	flags.display.register(f)
	return cmd, flags
}

// identity returns what determines the results of the run that the flags describe.
func (flags runFlags) identity(ctx context.Context) (manifest.Run, error) {
	settings, err := flags.appFlags.settings()
	if flags.command != "" {
		flags.app = exec.Name
		settings, err = flags.execFlags.settings(flags.inputs, flags.noHeader)
	}
	if err != nil {
		return manifest.Run{}, err
	}
	flow, err := apps.New(flags.app, settings)
	if err != nil {
		return manifest.Run{}, usageError{err}
	}
	if flow.Source, err = flow.Source.Dialect(flags.delimiter, flags.quote); err != nil {
		return manifest.Run{}, usageError{err}
	}
	if flags.delimiter+flags.quote != "" && (flow.Source.Format() != "csv" || len(flow.Keyed()) > 0) {
		return manifest.Run{}, usagef("run: --delimiter and --quote are for CSV that the classifier or a program gets")
	}
	order := ""
	if flags.order == manifest.NoOrder {
		order = flags.order
		if len(flow.Keyed()) > 0 {
			return manifest.Run{}, usagef("run: --order none is for results that come batch by batch; those of %s are of all input together", flags.app)
		}
	}
	like := ""
	if len(flags.inputs) > 0 {
		like = input.Uncompressed(flags.inputs[0])
	}
	results, err := worker.ResultsName(flow, flags.compress, like)
	if err != nil {
		return manifest.Run{}, usageError{err}
	}
	inputs := []input.Input{input.Generated(flags.app, flags.lines, flags.seed)}
	if len(flags.inputs) > 0 {
		if inputs, err = findInputs(ctx, flags.inputs); err != nil {
			return manifest.Run{}, err
		}
		for i := range inputs {
			if inputs[i].Listens() {
				inputs[i].Messages = flags.messages
			}
		}
	}
	return manifest.Run{
		Version: buildinfo.Version(), Program: buildinfo.ID(), App: flags.app, Settings: bytes.TrimSpace(settings),
		Format: flow.Source.Format(), NoHeader: flags.noHeader, Delimiter: flags.delimiter, Quote: flags.quote, MaxRecord: int(flags.maxRecord), Compress: flags.compress, Results: results, Order: order, Inputs: inputs,
	}, nil
}

func runRun(cmd *cobra.Command, flags runFlags) error {
	if err := flags.check(cmd.Flags()); err != nil {
		return err
	}
	if flags.sampled > 0 {
		return flags.taste(cmd)
	}
	begun := time.Now()
	_ = scratch.Sweep() // what cannot be removed is in nobody's way
	if err := flags.stage(); err != nil {
		return err
	}
	program, err := flags.workerProgram()
	if err != nil {
		return err
	}
	identity, err := flags.identity(cmd.Context())
	if err != nil {
		return err
	}
	if !flags.attach {
		done, err := flags.prepareFolder(identity, cmd)
		if done { // but they may still have to be delivered
			return flags.deliver(cmd.Context(), newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display), err)
		}
		if err != nil {
			return err
		}
	}
	env, err := flags.environment()
	if err != nil {
		return err
	}
	show := newDisplay(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.display)
	show.split = flags.split
	if !flags.local || flags.replicas > 1 {
		_, err := flags.runOnHosts(cmd.Context(), identity, show, begun)
		return err
	}
	config := flags.localConfig(identity, program, env, show)
	var run *orchestrator.Orchestrator
	collector := dashboard.NewCollector(func() dashboard.Told { return dashboard.Told{Spans: run.Spans()} }, "")
	config.Watcher = collector
	run, err = orchestrator.New(config)
	if err != nil {
		return usageError{err}
	}
	over, err := watchRun(cmd.Context(), flags.dashboard, collector, show)
	if err != nil {
		return err
	}
	defer over()
	show.seen = func() *dashboard.View {
		collector.Tick(time.Now())
		return collector.View()
	}
	show.record = flags.reckon(identity, flags.localShape(), show.logger())
	return flags.deliver(cmd.Context(), show, follow(cmd.Context(), run, show, flags.output, flags.resume))
}

// localConfig is a run on this machine as the flags say.
func (flags runFlags) localConfig(identity manifest.Run, program string, env []string, show *display) orchestrator.Config {
	return orchestrator.Config{
		Identity: identity, Output: flags.output, Resume: flags.resume, Workers: flags.workers, Processes: flags.processes,
		WorkerProgram: program, Listen: flags.listen,
		Sink: strings.TrimPrefix(flags.sink, "tcp://"), External: flags.external, BatchRows: flags.batchRows, Flow: apps.New, Log: show.logger(),
		Env: env, Stderr: show.aside(),
	}
}
