package orchestrator

import "time"

const (
	// sampleGrowth is how much larger a trial is than the one before, at most.
	sampleGrowth = 16
	// sampleStep is how much larger the second is at least: a start is to be told from rows.
	sampleStep = 4
	// sampleTrials is how many trials there are of the last size: their spread is the sample's.
	sampleTrials = 3
	// samplePatience is how much longer than it should a sample takes, and sampleStarts how many starts more, to find a size whose
	// rows can be told from a start.
	samplePatience, sampleStarts = 4, 10
)

// First is the quickest of the trials of the first size: its rows are so few that it is next to what a trial takes without any.
func (s Sampled) First() Trial { return least(s.Trials) }

// least returns the quickest of the trials of the first size: what a trial takes whatever its rows. A program that is started
// for the first time on a machine is read from the disk then.
func least(trials []Trial) Trial {
	first := trials[0]
	for _, t := range trials {
		if t.Rows == first.Rows && t.Took < first.Took {
			first = t
		}
	}
	return first
}

// nextRows says how many rows the next trial has, at most so many, or that there is none: 0. Trials grow until rows can be told
// from what every trial takes, the start of an operator's program above all, which takes now more, now less.
func nextRows(trials []Trial, most int64, operator bool, patience, spent time.Duration) int64 {
	first, same := least(trials), trials // of the last size
	for same[0].Rows != same[len(same)-1].Rows {
		same = same[1:]
	}
	last := least(same)
	above, enough, twice := last.Took-first.Took, patience/8, true
	if operator { // a trial that another program got in the way of seems to have slow rows
		enough = patience/4 + 2*first.Took
		twice = len(same) > 1 || above > 3*enough
	}
	grown := last.Rows > trials[0].Rows
	final := last.Rows >= most || grown && (above > enough && twice || len(same) == sampleTrials || spent > samplePatience*patience+sampleStarts*first.Took) ||
		!operator && (first.Took > patience || len(trials) > 1 && first.Took > patience/3)
	switch {
	case final && (len(same) == sampleTrials || patience-spent < last.Took):
		return 0
	case final:
		return last.Rows
	case len(trials) == 1, above > enough && !twice:
		return last.Rows
	case !grown:
		growth := int64(min(sampleGrowth, max(sampleStep, 2*patience/max(first.Took, 1))))
		return min(most, growth*last.Rows)
	}
	if operator && above < first.Took/3 { // no more than one start differs from another
		return min(most, sampleGrowth/2*last.Rows)
	}
	perRow := float64(max(above, time.Millisecond)) / float64(last.Rows-first.Rows)
	more := last.Rows + int64(float64(max(patience/5, 3*enough/2)-above)/perRow)
	return min(most, max(more, last.Rows+last.Rows/4+1), sampleGrowth*last.Rows)
}
