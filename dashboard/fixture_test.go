package dashboard

import (
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/latency"
	"flashmob/manifest"
	"flashmob/worker"
)

// A play is a run as it is told to a Collector, second by second, at times of its own.
type play struct {
	*Collector
	begun   time.Time
	at      time.Time
	workers int
	slots   int
	rows    int64 // of a worker, a second
	total   int64
	lost    map[int]time.Time // workers, since when
	done    int64
	meters  []worker.Metrics
	status  worker.Status
	whole   *latency.Histogram
}

const bytesARow = 120

// newPlay returns a run of so many workers that begins.
func newPlay(workers int, told *Told) *play {
	p := &play{
		begun: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC), workers: workers, slots: 2, rows: 40_000, total: 60_000_000 * bytesARow,
		lost: map[int]time.Time{}, whole: latency.New(),
	}
	p.at = p.begun
	var tell func() Told
	if told != nil {
		tell = func() Told { return *told }
	}
	p.Collector = NewCollector(tell, "")
	p.now = func() time.Time { return p.at }
	p.Tick(p.at)
	p.status = worker.Status{Total: p.total, Began: p.begun, By: "somebody"}
	for i := range workers {
		p.meters = append(p.meters, worker.Metrics{Worker: fmt.Sprintf("workers-%d", i+1), Since: p.begun, Slots: make([]worker.Counts, p.slots)})
		p.happens(worker.IncidentJoined, i, "")
	}
	return p
}

func (p *play) happens(kind string, i int, reason string) {
	p.status.Incidents = append(p.status.Incidents, worker.Incident{At: p.at, Kind: kind, Worker: p.meters[i].Worker, Reason: reason})
}

// begin says what the run is.
func (p *play) begin(run manifest.Run) *play {
	if run.ID == "" {
		run.ID = "20260504-100000-ab12"
	}
	if run.App == "" {
		run.App = "classifier"
	}
	if run.Inputs == nil {
		run.Inputs = []input.Input{{URI: "products.csv", Size: p.total}}
	}
	p.Watches(run)
	return p
}

// plays lets seconds pass.
func (p *play) plays(seconds int) *play {
	for range seconds {
		p.at = p.at.Add(time.Second)
		p.second()
	}
	return p
}

// second lets every worker that is there do its work, and say so.
func (p *play) second() {
	s := &p.status
	s.Workers, s.Slots, s.Out = nil, 0, 0
	for i := range p.meters {
		m := &p.meters[i]
		since, lost := p.lost[i]
		state := worker.WorkerState{Name: m.Worker, Slots: p.slots, Busy: p.slots, Joined: p.begun, Heard: p.at, Lost: lost}
		if lost {
			state.Heard, state.Busy = since, 0
		} else {
			p.works(i, m)
			s.Slots += p.slots
			s.Out += 2 * p.slots
		}
		state.Records, state.Parts = m.Slots[0].Records*int64(p.slots), m.Slots[0].Batches*int64(p.slots)
		s.Workers = append(s.Workers, state)
	}
	s.Waits = fmt.Sprintf("for the slots: %d of %d are at work, %d batches are out, the oldest for 300ms", s.Slots, s.Slots, s.Out)
	p.says(nil)
	p.Tick(p.at)
}

func (p *play) says(over *worker.Over) {
	p.Reads(worker.Bulletin{At: p.at, Status: p.status, Over: over,
		Whole: worker.StageMetrics{Name: worker.StageWhole, Counts: worker.Counts{Batches: p.whole.Count(), Records: p.status.Tally.In}, Latency: p.whole}})
}

// works counts a second of a worker's work: 4 batches a slot, each a quarter of a second.
func (p *play) works(i int, m *worker.Metrics) {
	m.At, m.Busy = p.at, p.slots
	rows := p.rows + int64(i%7)*1500
	if wave := int64(p.at.Sub(p.begun).Seconds()); wave%40 < 12 {
		rows -= 6000
	}
	if m.Stages == nil {
		for _, name := range []string{worker.StageWait, worker.StageProcess, worker.StageCommit} {
			m.Stages = append(m.Stages, worker.StageMetrics{Name: name, Latency: latency.New()})
		}
	}
	for n := range p.slots {
		m.Slots[n].Add(worker.Counts{Batches: 4, Records: rows / int64(p.slots), Bytes: rows / int64(p.slots) * bytesARow, Busy: time.Second})
	}
	for k := range m.Stages {
		stage := &m.Stages[k]
		stage.Add(worker.Counts{Batches: 4 * int64(p.slots), Records: rows, Bytes: rows * bytesARow, Rejected: 1, Busy: time.Duration(p.slots) * time.Second})
		for b := range 4 * p.slots {
			stage.Latency.Observe([]time.Duration{3, 220, 9}[k]*time.Millisecond + time.Duration(b*(i+3)*(k+1))*700*time.Microsecond)
		}
	}
	for b := range 4 * p.slots {
		p.whole.Observe(400*time.Millisecond + time.Duration(b*20)*time.Millisecond)
	}
	load, memory, free, held := 1.9, uint64(4<<30), uint64(2<<30), uint64(90<<20)
	m.Host = worker.Machine{Cores: 2, Load: &load, Memory: &memory, Available: &free, Resident: &held}
	p.status.Tally.Add(flow.Tally{In: rows, Out: rows - 1, Rejected: 1, Emitted: rows - 1})
	p.status.Covered += rows * bytesARow
	p.status.Bytes += rows * 30
	if p.status.Reasons == nil {
		p.status.Reasons = map[string]int64{}
	}
	p.status.Reasons["4 fields, want 5"]++
	p.status.Slowest = []worker.Slow{{Offset: 12_000_000, Length: 1_200_000, Records: 10_000, Worker: m.Worker, Took: 612 * time.Millisecond}}
	said := *m // what is sent is a copy
	said.Slots = append([]worker.Counts{}, m.Slots...)
	said.Stages = nil
	for _, stage := range m.Stages {
		stage.Latency = copied(stage.Latency)
		said.Stages = append(said.Stages, stage)
	}
	p.Hears(said)
}

func copied(h *latency.Histogram) *latency.Histogram {
	c := latency.New()
	c.Add(h)
	return c
}

// loses lets a worker die, as an initializer tells it.
func (p *play) loses(i int) *play {
	p.lost[i] = p.at
	p.happens(worker.IncidentLost, i, "nothing was heard of it for 2 s")
	p.status.Incidents = append(p.status.Incidents, worker.Incident{
		At: p.at, Kind: worker.IncidentRetried, Worker: p.meters[0].Worker, Offset: 96_000_000, Length: 1_200_000,
		Reason: "whoever had it gave no sign of life for 2s; " + p.meters[i].Worker + " was lost at 10:02:00",
	})
	p.status.Retried += 4
	return p
}

// ends lets the run end.
func (p *play) ends(err error) *play {
	p.at = p.at.Add(time.Second)
	over := new(worker.Over)
	if err != nil {
		over.Error = err.Error()
	} else {
		p.status.Covered = p.status.Total
	}
	p.status.Out = 0
	p.says(over)
	p.Tick(p.at)
	return p
}

var errTold = errors.New("log in output/.work: the log takes no more messages; is its disk full?")

// chromium returns the browser's path, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium here")
	return ""
}
