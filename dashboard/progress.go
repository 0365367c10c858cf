package dashboard

import (
	"time"

	"flashmob/worker"
)

// Progress is one reading of how far a run is.
type Progress struct {
	Fraction   float64       `json:"fraction"` // of the input; -1 where its size is not known
	Records    int64         `json:"records"`
	Rejected   int64         `json:"rejected"`
	RowsPerS   float64       `json:"rows_per_second"`  // lately
	BytesPerS  float64       `json:"bytes_per_second"` // of input, lately; 0 where the input is generated
	Left       time.Duration `json:"-"`                // until the end; -1 where not known
	LeftSecond float64       `json:"seconds_left"`     // the same; -1 where not known
	Slots      int           `json:"slots"`
}

// Meter makes readings of statuses: it remembers those of the last seconds, to tell the rate.
type Meter struct {
	past []reading
}

type reading struct {
	at               time.Time
	records, covered int64
}

// meterSpan is how far back the rate looks.
const meterSpan = 5 * time.Second

// Read takes in a status and returns the reading.
func (m *Meter) Read(s worker.Status, now time.Time) Progress {
	m.past = append(m.past, reading{now, s.Tally.In, s.Covered})
	for len(m.past) > 2 && now.Sub(m.past[0].at) > meterSpan {
		m.past = m.past[1:]
	}
	p := Progress{Fraction: -1, Records: s.Tally.In, Rejected: s.Tally.Rejected, Left: -1, LeftSecond: -1, Slots: s.Slots}
	if s.Total > 0 {
		p.Fraction = float64(s.Covered) / float64(s.Total)
	}
	first := m.past[0]
	if span := now.Sub(first.at).Seconds(); span > 0 {
		p.RowsPerS = float64(s.Tally.In-first.records) / span
		covered := float64(s.Covered-first.covered) / span
		if !s.Rows {
			p.BytesPerS = covered
		}
		if s.Total >= 0 && covered > 0 {
			p.Left = time.Duration(float64(s.Total-s.Covered) / covered * float64(time.Second))
			p.LeftSecond = p.Left.Seconds()
		}
	}
	return p
}
