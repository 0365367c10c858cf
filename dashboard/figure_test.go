package dashboard

import "testing"

func TestFiguresAreShortAndHaveUnits(t *testing.T) {
	for got, want := range map[string]string{
		Seconds(0): "0 s", Seconds(0.00034): "340 µs", Seconds(0.0125): "12.5 ms", Seconds(0.9996): "1 s", Seconds(3.456): "3.46 s",
		Seconds(59.96): "1 min 0 s", Seconds(245): "4 min 5 s", Seconds(12000): "3 h 20 min", Seconds(-1): "–",
		RowRate(0): "0 rows/s", RowRate(999.96): "1k rows/s", RowRate(123456): "123k rows/s", Rate(12_340_000, "B"): "12.3 MB/s",
		Bytes(999): "999 B", Bytes(4.29e9): "4.29 GB", Count(0): "0", Count(999): "999", Count(-1234567): "-1\u00a0234\u00a0567",
		Dollars(0.125): "$0.12", Percent(0.4567): "45.7 %", runs([]int{0, 1, 2, 5, 7, 8}): "0–2, 5, 7–8",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAxesEndInRoundNumbers(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 0.3: 0.4, 1: 1, 16: 16, 17: 20, 130_000: 160_000, 999: 1000} {
		if got := ceiling(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("ceiling(%v) = %v, want %v", v, got, want)
		}
	}
}
