package orchestrator

import (
	"math/rand/v2"
	"testing"
	"time"
)

// sampling plays a sample of a program with a start, a time for a row of one slot, and scatter, on two slots. It returns the
// trials and what they took in all.
func sampling(start, row time.Duration, scatter float64, most int64, operator bool, patience time.Duration, seed uint64) (trials []Trial, spent time.Duration) {
	chance := rand.New(rand.NewPCG(seed, 1))
	around := func(d time.Duration) time.Duration {
		return time.Duration(float64(d) * (1 + scatter*(2*chance.Float64()-1)))
	}
	for rows := min(int64(4), most); rows > 0; rows = nextRows(trials, most, operator, patience, spent) {
		took := around(start) + around(time.Duration(rows)*row/2)
		switch {
		case len(trials) == 0:
			took += start // read from the disk
		case chance.IntN(10) == 0:
			took += start + patience/4 // another program had the machine
		}
		trials, spent = append(trials, Trial{Rows: rows, Took: took}), spent+took
	}
	return trials, spent
}

func TestTrialsGrowUntilRowsCanBeToldFromAStart(t *testing.T) {
	for _, patience := range []time.Duration{500 * time.Millisecond, 3 * time.Second} {
		for _, start := range []time.Duration{time.Millisecond, 50 * time.Millisecond, 400 * time.Millisecond, 2 * time.Second} {
			for _, row := range []time.Duration{2 * time.Microsecond, 300 * time.Microsecond, 3500 * time.Microsecond, 200 * time.Millisecond} {
				for seed := range uint64(20) {
					trials, spent := sampling(start, row, 0.15, 1e8, true, patience, seed)
					first, last := least(trials), trials[len(trials)-1]
					for _, t := range trials {
						if t.Rows == last.Rows && t.Took < last.Took {
							last = t
						}
					}
					got := 2 * (last.Took - first.Took) / time.Duration(max(1, last.Rows-first.Rows))
					if off := float64(got) / float64(row); off < 0.4 || off > 2 {
						t.Errorf("start %v, row %v, patience %v: %v a row, of trials %v", start, row, patience, got, trials)
					}
					// The last trial may be begun when all patience is used up.
					if most := samplePatience*patience + 35*start + 30*row + 12*patience; spent > most {
						t.Errorf("start %v, row %v, patience %v: it took %v, of trials %v", start, row, patience, spent, trials)
					}
				}
			}
		}
	}
}

func TestTrialsEnd(t *testing.T) {
	for _, operator := range []bool{false, true} {
		for _, most := range []int64{0, 1, 3, 5, 100} {
			trials, _ := sampling(time.Millisecond, time.Microsecond, 0, most, operator, time.Second, 1)
			if most == 0 {
				trials = []Trial{{}}
				for rows := int64(1); rows > 0 && len(trials) < 10; rows = nextRows(trials, 0, operator, time.Second, 0) {
					trials = append(trials, Trial{Took: time.Millisecond})
				}
			}
			if last := trials[len(trials)-1]; last.Rows != most || len(trials) > 8 {
				t.Errorf("of %d rows: %v", most, trials)
			}
		}
	}
	if trials, _ := sampling(0, 5*time.Second, 0, 1000, false, time.Second, 1); len(trials) != 1 {
		t.Errorf("rows of 5 s: %v", trials)
	}
}
