package main

import (
	"fmt"
	"os"
	"time"

	"flashmob/bench"
)

// targets returns what flashmob promises for one machine, and whether it keeps it.
func targets(report *bench.Report, worker string) bench.Targets {
	list := bench.Targets{
		report.AtLeast("flashmob", 0.90, "limit"),
		report.AtLeast("flashmob-processes", 0.80, "limit"),
		report.AtLeast("flashmob-slowness-1", 0.75, "limit-slowness-1"),
		report.AtLeast("flashmob", 1.5, "parallel-pipepart"),
		report.AtLeast("flashmob", 2, "parallel-pipe"),
		report.AtLeast("flashmob", 1.2, report.Fastest("parallel-own-gzip-")),
		bench.NewTarget("start-up with no rows", "< 150 ms", report.Need("flashmob-0-rows"), func() (string, bool) {
			median, _, _ := report.Record("flashmob-0-rows").Wall()
			return fmt.Sprintf("%d ms", median.Milliseconds()), median < 150*time.Millisecond
		}),
		bench.NewTarget("peak memory of flashmob", "< 300 MiB", report.Need("flashmob"), func() (string, bool) {
			peak := report.Record("flashmob").Peak()
			return mebibytes(peak), peak < 300<<20
		}),
		bench.NewTarget("peak memory with ten times the rows", "< 300 MiB, ≤ 1.20 times", report.Need("flashmob-big", "flashmob"), func() (string, bool) {
			big, small := report.Record("flashmob-big").Peak(), report.Record("flashmob").Peak()
			ratio := float64(big) / float64(small)
			return fmt.Sprintf("%s, %.2f times", mebibytes(big), ratio), big < 300<<20 && ratio <= 1.20
		}),
	}
	info, err := os.Stat(worker)
	return append(list, bench.NewTarget("worker binary, stripped", "< 30 MB", err, func() (string, bool) {
		return fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), info.Size() < 30e6
	}))
}
