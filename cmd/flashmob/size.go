package main

import (
	"fmt"
	"strconv"
	"strings"
)

// size is a number of bytes, written with an optional unit: 1000, 64KiB, 16MiB, 1GiB, 2MB.
type size int64

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1}}

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	number, unit := strings.TrimSpace(text), int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return fmt.Errorf("%q is no size", text)
	}
	*s = size(n * unit)
	return nil
}

// String implements pflag.Value.
func (s size) String() string {
	for _, u := range []string{"GiB", "MiB", "KiB", "GB", "MB"} {
		for _, unit := range units {
			if unit.name == u && s > 0 && int64(s)%unit.bytes == 0 {
				return fmt.Sprintf("%d%s", int64(s)/unit.bytes, u)
			}
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Type implements pflag.Value.
func (s size) Type() string { return "size" }
