package main

import "testing"

func TestSizeReadsUnits(t *testing.T) {
	for text, want := range map[string]size{
		"0": 0, "1000": 1000, "7B": 7, "64KiB": 64 << 10, "16MiB": 16 << 20, "1GiB": 1 << 30, "2MB": 2e6, "3KB": 3e3, "1GB": 1e9,
		"4K": 4 << 10, "5M": 5 << 20, " 6 MiB ": 6 << 20,
	} {
		var got size
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1.5MiB", "16mb", "1TiB", "99999999999GiB", "9223372036854775807"} {
		var got size
		if err := got.Set(text); err == nil {
			t.Errorf("%q: read as %d", text, got)
		}
	}
}

func TestSizeWritesWhatItReads(t *testing.T) {
	for have, want := range map[size]string{0: "0", 1: "1", 1000: "1000", 1024: "1KiB", 1536: "1536", 16 << 20: "16MiB", 1 << 30: "1GiB", 5e6: "5MB", 1e9: "1GB"} {
		if got := have.String(); got != want {
			t.Errorf("%d is written %s, want %s", int64(have), got, want)
		}
		var back size
		if err := back.Set(have.String()); err != nil || back != have {
			t.Errorf("%s is read as %d, %v", have, int64(back), err)
		}
	}
}

func FuzzSizeRoundTrip(f *testing.F) {
	f.Add("16MiB")
	f.Add("1000")
	f.Fuzz(func(t *testing.T, text string) {
		var first, second size
		if first.Set(text) != nil {
			return
		}
		if err := second.Set(first.String()); err != nil || first != second {
			t.Errorf("%q is %d, written %s and read again %d, %v", text, int64(first), first, int64(second), err)
		}
	})
}
