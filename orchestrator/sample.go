package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"flashmob/input"
	"flashmob/internal/scratch"
	"flashmob/manifest"
)

// Sampled is what a sample of a run's records took on this machine.
type Sampled struct {
	Slots    int
	Trials   []Trial       // of growing size; those of the last size count
	Bytes    int64         // of the input in the last trial
	Results  int64         // bytes of results in it
	Packed   float64       // what a byte of the input takes on its way to a cluster
	Whole    bool          // the sample is all there is
	Operator bool          // the records go through a program of the user's own
	Started  bool          // a program is started for every batch
	Rows     float64       // in the whole input: counted, or reckoned from its size
	Counted  bool          // Rows is not reckoned
	Took     time.Duration // all trials together
}

// Trial is one run over some of the records.
type Trial struct {
	Rows int64
	Took time.Duration // the work alone
	// Own is the CPU time that it had, Others what the rest of the machine had meanwhile; 0 where that is not known.
	Own, Others time.Duration
}

// ErrNoSample says that an input cannot be read twice, and so not sampled.
var ErrNoSample = errors.New("it can be read only once, so no sample can be taken of it")

// Sample runs some of the records of the run that config describes, here and with everything as in the run itself, for about
// so long, and says what they took. Nothing of it stays. usage says how much CPU time this process and the whole machine have
// had so far.
func Sample(ctx context.Context, config Config, patience time.Duration, usage func() (own, machine time.Duration)) (s Sampled, err error) {
	if err := config.check(); err != nil {
		return s, err
	}
	flow, err := config.Flow(config.Identity.App, config.Identity.Settings)
	if err != nil {
		return s, err
	}
	source := flow.Source
	if config.Identity.NoHeader {
		source = source.WithoutHeader()
	}
	if source, err = source.Dialect(config.Identity.Delimiter, config.Identity.Quote); err != nil {
		return s, err
	}
	taken, err := takeRecords(config.Identity.Inputs, source, int64(config.Identity.MaxRecord))
	if err != nil {
		return s, err
	}
	dir, err := scratch.New("flashmob-sample-")
	if err != nil {
		return s, fmt.Errorf("sample: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	s = Sampled{Slots: config.Workers, Rows: taken.total, Counted: taken.counted, Operator: flow.HasOperator(), Started: flow.IsStarted()}
	perSlot := int64(8) // batches: so many that slots end at about the same time, and that none gets all of them ahead
	if flow.IsStarted() {
		perSlot = 1 // each costs a start
	}
	begun := time.Now()
	rows := min(int64(2*config.Workers), taken.most())
	for more := true; more; more = rows > 0 { // of an input with no record one trial says that
		own, machine := usage()
		trial, m, err := taken.try(ctx, config, dir.Path, rows, len(s.Trials), perSlot)
		if err != nil {
			return s, fmt.Errorf("sample of %d rows: %w", rows, err)
		}
		ownThen, machineThen := usage()
		trial.Own, trial.Others = ownThen-own, max(0, machineThen-machine-(ownThen-own))
		s.Trials = append(s.Trials, trial)
		s.Bytes, s.Results = taken.bytes, m.Bytes
		if taken.generated != nil {
			s.Bytes = flow.Generator.Weight(taken.generated.Seed, rows)
		}
		s.Whole = taken.counted && float64(rows) >= taken.total
		rows = nextRows(s.Trials, taken.most(), s.Operator, patience, time.Since(begun))
	}
	s.Took = time.Since(begun)
	s.Packed, err = taken.packed()
	return s, err
}

// try runs one trial, the n-th, on some of the records.
func (t *taken) try(ctx context.Context, config Config, dir string, rows int64, n int, perSlot int64) (Trial, *manifest.Manifest, error) {
	var err error
	if config.Identity.Inputs, err = t.inputs(dir, rows, n); err != nil {
		return Trial{}, nil, err
	}
	config.Output, config.Resume, config.Sink, config.External = filepath.Join(dir, fmt.Sprintf("trial-%d", n)), false, "", ""
	share := perSlot * int64(config.Workers)
	config.BatchRows = int((rows + share - 1) / share)
	run, err := New(config)
	if err != nil {
		return Trial{}, nil, err
	}
	m, err := run.Run(ctx)
	if err != nil {
		return Trial{}, nil, err
	}
	trial := Trial{Rows: m.Totals.In}
	for _, p := range run.Phases() {
		if p.Name == "work" {
			trial.Took = time.Duration(p.Seconds * float64(time.Second))
		}
	}
	return trial, m, os.RemoveAll(config.Output)
}

// inputs returns what the n-th trial reads: so many of the records, each trial others where there are enough.
func (t *taken) inputs(dir string, rows int64, n int) ([]input.Input, error) {
	if t.generated != nil {
		in := *t.generated
		in.Size, in.Seed = rows, in.Seed+uint64(n)
		return []input.Input{in}, nil
	}
	path := filepath.Join(dir, "sample"+t.extension)
	text := append([]byte{}, t.header...)
	for i := range int(rows) {
		text = append(text, t.records[(n*int(rows)+i)%len(t.records)]...)
	}
	t.bytes = int64(len(text))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, err
	}
	in, err := input.Stat(path)
	return []input.Input{in}, err
}

// packed is what is left of a byte when the records are compressed as they are on their way to a cluster.
func (t *taken) packed() (float64, error) {
	if len(t.records) == 0 {
		return 1, nil
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	defer encoder.Close()
	var text []byte
	for _, record := range t.records[:min(len(t.records), 20_000)] {
		text = append(text, record...)
	}
	return float64(len(encoder.EncodeAll(text, nil))) / float64(max(len(text), 1)), nil
}
