package dashboard

import (
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/worker"
)

func TestMeterTellsRateAndTimeLeft(t *testing.T) {
	var m Meter
	begun := time.Now()
	at := func(seconds int, rows, covered int64) Progress {
		return m.Read(worker.Status{Tally: flow.Tally{In: rows, Out: rows}, Covered: covered, Total: 1000}, begun.Add(time.Duration(seconds)*time.Second))
	}
	if p := at(0, 0, 0); p.Left != -1 || p.RowsPerS != 0 || p.Fraction != 0 {
		t.Errorf("nothing is known yet, but it reads %+v", p)
	}
	p := at(2, 20, 200)
	if p.RowsPerS != 10 || p.BytesPerS != 100 || p.Left != 8*time.Second || p.LeftSecond != 8 || p.Fraction != 0.2 {
		t.Errorf("after 2 s it reads %+v", p)
	}
	// Ten times as fast from then on: after the span of the meter the slow start is forgotten.
	for s := 3; s <= 9; s++ {
		p = at(s, 20+100*int64(s-2), 200)
	}
	if p.RowsPerS != 100 || p.Left != -1 {
		t.Errorf("of rows it reads %v/s with %s left, want 100/s and nothing known", p.RowsPerS, p.Left)
	}
}

func TestMeterWithoutATotalTellsNoTimeLeft(t *testing.T) {
	var m Meter
	now := time.Now()
	m.Read(worker.Status{Total: -1}, now)
	p := m.Read(worker.Status{Total: -1, Covered: 100, Tally: flow.Tally{In: 10}}, now.Add(time.Second))
	if p.Fraction != -1 || p.Left != -1 || p.LeftSecond != -1 || p.BytesPerS != 100 {
		t.Errorf("it reads %+v", p)
	}
}

func TestMeterOfGeneratedRowsTellsNoBytes(t *testing.T) {
	var m Meter
	now := time.Now()
	m.Read(worker.Status{Rows: true, Total: 100}, now)
	if p := m.Read(worker.Status{Rows: true, Total: 100, Covered: 50}, now.Add(time.Second)); p.BytesPerS != 0 || p.Left != time.Second {
		t.Errorf("it reads %+v", p)
	}
}
