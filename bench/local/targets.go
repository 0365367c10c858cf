package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"flashmob/bench"
)

// targets returns what flashmob promises for one machine, and whether it keeps it.
func targets(report *bench.Report, worker string) []bench.Target {
	list := []bench.Target{
		rate(report, "flashmob", "limit", 0.90),
		rate(report, "flashmob-processes", "limit", 0.80),
		rate(report, "flashmob-slowness-1", "limit-slowness-1", 0.75),
		rate(report, "flashmob", "parallel-pipepart", 1.5),
		rate(report, "flashmob", "parallel-pipe", 2),
		rate(report, "flashmob", fastest(report, "parallel-own-gzip-"), 1.2),
		target("start-up with no rows", "< 150 ms", need(report, "flashmob-0-rows"), func() (string, bool) {
			median, _, _ := report.Record("flashmob-0-rows").Wall()
			return fmt.Sprintf("%d ms", median.Milliseconds()), median < 150*time.Millisecond
		}),
		target("peak memory of flashmob", "< 300 MiB", need(report, "flashmob"), func() (string, bool) {
			peak := report.Record("flashmob").Peak()
			return mebibytes(peak), peak < 300<<20
		}),
		target("peak memory with ten times the rows", "< 300 MiB, ≤ 1.20 times", need(report, "flashmob-big", "flashmob"), func() (string, bool) {
			big, small := report.Record("flashmob-big").Peak(), report.Record("flashmob").Peak()
			ratio := float64(big) / float64(small)
			return fmt.Sprintf("%s, %.2f times", mebibytes(big), ratio), big < 300<<20 && ratio <= 1.20
		}),
	}
	info, err := os.Stat(worker)
	return append(list, target("worker binary, stripped", "< 30 MB", err, func() (string, bool) {
		return fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), info.Size() < 30e6
	}))
}

// rate is the target that one record's rows a second are at least so many times another's.
func rate(report *bench.Report, name, against string, least float64) bench.Target {
	return target(name+" against "+against, fmt.Sprintf("≥ %.2f times its rows/s", least), need(report, name, against), func() (string, bool) {
		ratio := report.Record(name).Rate() / report.Record(against).Rate()
		return fmt.Sprintf("%.2f", ratio), ratio >= least
	})
}

// errWrong is a run that failed or whose output differs from the reference, which no speed makes up for.
var errWrong = errors.New("wrong")

// target asks for the measure unless lacking says why there is none: errWrong fails it, any other reason skips it.
func target(name, want string, lacking error, measure func() (string, bool)) bench.Target {
	t := bench.Target{Name: name, Want: want, Verdict: bench.Skipped}
	if lacking != nil {
		t.Measured, _, _ = strings.Cut(lacking.Error(), "\n")
		if errors.Is(lacking, errWrong) {
			t.Verdict = bench.Fail
		}
		return t
	}
	measured, met := measure()
	t.Measured, t.Verdict = measured, bench.Fail
	if met {
		t.Verdict = bench.Pass
	}
	return t
}

// need says which of the records a target lacks, nil when none.
func need(report *bench.Report, names ...string) error {
	for _, name := range names {
		record := report.Record(name)
		switch {
		case wrong(record) != nil:
			return wrong(record)
		case !record.Measured():
			return fmt.Errorf("%s: %s", name, record.Skipped)
		}
	}
	return nil
}

// fastest returns the name of the fastest record whose name begins so, the beginning itself when none was measured.
func fastest(report *bench.Report, beginning string) string {
	best := bench.Record{Name: beginning}
	for _, record := range report.Records {
		if strings.HasPrefix(record.Name, beginning) && record.Measured() && record.Rate() > best.Rate() {
			best = record
		}
	}
	return best.Name
}

// failed says that a target was missed or an output wrong, nil when neither.
func failed(report *bench.Report) error {
	for _, t := range report.Targets {
		if t.Verdict == bench.Fail {
			return fmt.Errorf("target %q: missed: %s", t.Name, t.Measured)
		}
	}
	for _, record := range report.Records {
		if err := wrong(record); err != nil {
			return err
		}
	}
	return nil
}

// wrong says how a record is wrong, nil when it is not.
func wrong(record bench.Record) error {
	switch {
	case record.Failed != "":
		return fmt.Errorf("%s: %w: %s", record.Name, errWrong, record.Failed)
	case record.Output == bench.Wrong:
		return fmt.Errorf("%s: %w: its output differs", record.Name, errWrong)
	}
	return nil
}
