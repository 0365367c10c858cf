package main

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"flashmob/bench"
)

func TestIntervalHoldsTheMedianAsOftenAsItSays(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{6, 12, 25} {
		const times = 4000
		held := 0
		for range times {
			values := make([]float64, n)
			for i := range values {
				values[i] = draw.ExpFloat64() - 0.6931471805599453 // its median is 0
			}
			slices.Sort(values)
			least, most := interval(values)
			if values[least] <= 0 && values[most] >= 0 {
				held++
			}
		}
		if held < 0.945*times {
			t.Errorf("of %d values it held %d times of %d", n, held, times)
		}
	}
	if least, most := interval(make([]float64, 5)); least != -1 || most != -1 {
		t.Errorf("of five it is %d to %d: nobody can know that much of five", least, most)
	}
	if least, most := interval(make([]float64, 12)); least != 2 || most != 9 {
		t.Errorf("of twelve it is %d to %d, want the third and the tenth", least, most)
	}
}

// reported returns a report of twelve rounds in which a contender needs so much more CPU time, give or take a thousandth.
func reported(metered, shown float64) *bench.Report {
	report := new(bench.Report)
	for i, more := range []float64{metered, shown} {
		for _, record := range []bench.Record{{Name: beside(names[i])}, {Name: names[i], Against: beside(names[i])}} {
			record.Rows, record.Output = 1000, bench.Same
			for round := range 12 {
				cpu := float64(time.Second)
				if record.Against != "" {
					cpu *= 1 + more + float64(round%3-1)/1000
				}
				record.Samples = append(record.Samples, bench.Sample{Wall: time.Duration(cpu / 2), User: time.Duration(cpu)})
			}
			report.Records = append(report.Records, record)
		}
	}
	report.Targets = targets(report)
	return report
}

func TestTargetsAreMetByAllOfTheInterval(t *testing.T) {
	if err := reported(0.002, 0.005).Err(); err != nil {
		t.Error(err)
	}
	if err := reported(0.002, 0.02).Err(); err == nil || !strings.Contains(err.Error(), shown) || strings.Contains(err.Error(), metered) {
		t.Errorf("of a page that costs 2 %% it says %v", err)
	}
	torn := reported(0, 0)
	torn.Records[3].Output = bench.Wrong
	if torn.Err() == nil {
		t.Error("wrong results are no error")
	}
}

func TestMarkdownShowsBothFigures(t *testing.T) {
	page := markdown(reported(0.002, 0.005))
	for _, want := range []string{"| metered             |   0.50 |  1.00 |", "+0.20 % (+0.10 to +0.30)", "+0.50 %", "more wall time", "pass"} {
		if !strings.Contains(page, want) {
			t.Errorf("it lacks %q:\n%s", want, page)
		}
	}
}

func TestConfigRefusesWhatGivesNoInterval(t *testing.T) {
	for rounds, fine := range map[int]bool{0: false, 5: false, 6: true, 12: true, -3: false} {
		if err := (Config{Rows: 1, Workers: 1, Rounds: rounds}).check(); (err == nil) != (fine && runtime.NumCPU() > 1) {
			t.Errorf("of %d rounds it says %v", rounds, err)
		}
	}
	if err := (Config{Rows: 1, Workers: runtime.NumCPU(), Rounds: 12}).check(); err == nil || !strings.Contains(err.Error(), "cores") {
		t.Errorf("of more workers than cores for two it says %v", err)
	}
}
