// Large measures whether a large input goes through bounded memory and a bounded log.
//
//	go run ./bench/large -size 20GB
//
// The input is what flashmob generate makes, and comes twice: through a pipe to an initializer and two workers, each a host of its
// own in the inventory that is this machine; and as a file that worker processes of --local read for themselves. Meanwhile it looks,
// again and again, how much memory each process has had at most, and how much disk the log takes. It needs room for the input, for
// the results here, and for those of the initializer. The exit code is 1 where a run fails or its results are not whole.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	var c config
	size := flag.String("size", "20GB", "of the input, about: a number with MB or GB")
	flag.StringVar(&c.only, "only", "", "one of the `ways`: pipe or file (default: both)")
	flag.IntVar(&c.slowness, "slowness", 1, "how often the classifier hashes each record")
	flag.StringVar(&c.in, "in", "", "the `folder` for all of it, in which a folder is made (default: the temporary one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := func() (err error) {
		if c.rows, err = rowsOf(*size); err != nil {
			return err
		}
		return measure(ctx, c, os.Stdout)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "large:", err)
		os.Exit(1)
	}
}

// rowBytes is what a generated row takes, about.
const rowBytes = 150

// rowsOf returns how many rows are about as large as a size says.
func rowsOf(size string) (rows int64, err error) {
	for unit, bytes := range map[string]int64{"MB": 1e6, "GB": 1e9} {
		if number, ok := strings.CutSuffix(size, unit); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err == nil && n > 0 {
				return int64(n * float64(bytes) / rowBytes), nil
			}
		}
	}
	return 0, fmt.Errorf("size %q: a number with MB or GB, such as 20GB", size)
}
