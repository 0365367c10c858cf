package main

import (
	"testing"
	"time"
)

func TestGroupsThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567", -1000: "-1 000", -100: "-100"} {
		if got := groups(n); got != want {
			t.Errorf("groups(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestMegabytesPicksTheUnit(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_500_000: "1.5 MB", 10_000_000: "10 MB", 1_234_000_000: "1 234 MB"} {
		if got := megabytes(n); got != want {
			t.Errorf("megabytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestTookKeepsThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.00 s", 840 * time.Millisecond: "0.84 s", 12345 * time.Millisecond: "12.3 s", 59960 * time.Millisecond: "1m00s",
		245 * time.Second: "4m05s", 59*time.Minute + 59900*time.Millisecond: "1h00m", 62 * time.Minute: "1h02m",
	} {
		if got := took(d); got != want {
			t.Errorf("took(%s) = %q, want %q", d, got, want)
		}
	}
}
