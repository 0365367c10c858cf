package worker

import (
	"maps"
	"slices"
	"strings"
	"time"

	"flashmob/flow"
	"flashmob/manifest"
)

// Status is how far a run is.
type Status struct {
	Tally    flow.Tally          // of what is gathered, earlier sittings included
	Covered  int64               // input gathered: bytes, or rows where it is generated
	Total    int64               // input in all, in the same measure; -1 where it is not known
	Rows     bool                // the measure is rows
	Resumed  int64               // of Covered, what earlier sittings did
	Bytes    int64               // results gathered
	Late     int64               // parts dropped because their range was covered already
	Slots    int                 // at work
	Workers  []WorkerState       // in order of their names
	FirstOut time.Time           // when the first part came; zero until then
	Exchange []manifest.Exchange // what has crossed for each keyed stage, and into the results; none without keyed stages
	Fed      bool                // nothing more of the input has to be brought
	Failure  *OperatorFailure    // the first; nil while there is none
	By       string              // who began the run, and when; empty where nobody else could ask

	Began     time.Time        // this sitting
	Drained   bool             // nothing more is handed out
	Out       int              // batches handed out and not back
	Waits     string           // what the run waits for
	Untaken   int64            // bytes of what batches have for partitions whose owners have not taken it in
	Owners    []string         // by partition; nil without keyed stages
	Restarts  int              // of the initializer, after crashes
	Crashed   time.Time        // when the last of them was; zero where there was none
	Host      string           // whose replica of the log has the initializer; empty where there is one log
	Term      int              // the how manieth host that is
	Quorum    *Quorum          // how many replicas answer it; nil where there is one log
	Retried   int64            // batches that the log handed out more than once
	TakenOver int64            // partitions whose owner was lost or left
	Reasons   map[string]int64 // rejects of this sitting by their reason, the first reasonsKept reasons; all others under ""
	Incidents []Incident       // the last ones
	Slowest   []Slow           // batches, the slowest first
}

// WorkerState is one worker's share in a run.
type WorkerState struct {
	Name    string
	Slots   int
	Parts   int64
	Records int64
	Busy    int  // slots at work
	Lost    bool // it has gone silent or left before the end
	Joined  time.Time
	Heard   time.Time
	Program *ProgramWait // that has given nothing for long; nil while there is none
}

// newStatus returns the status of a run that begins or goes on with what the folder has.
func newStatus(folder *manifest.Folder) Status {
	s := Status{Tally: folder.Totals, Bytes: folder.Size(), Began: time.Now()}
	for _, in := range folder.Run.Inputs {
		s.Rows = s.Rows || in.IsGenerated()
		if s.Total < 0 || !in.HasRanges() {
			s.Total = -1
			continue
		}
		s.Total += in.Size
	}
	for _, part := range folder.Parts {
		if !(s.Rows && part.Kind == manifest.Header) {
			s.Covered += part.Length
		}
	}
	s.Resumed = s.Covered
	return s
}

// newExchange returns the accounts of what crosses for keyed stages, none yet.
func newExchange(stages []*flow.Keyed) (accounts []manifest.Exchange) {
	for _, k := range stages {
		accounts = append(accounts, manifest.Exchange{Stage: k.Name()})
	}
	return append(accounts, manifest.Exchange{Stage: manifest.ResultsStage})
}

// cross counts a message that has crossed for a keyed stage; the one past the last stands for the results.
func (in *Initializer) cross(stage int, bytes int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.status.Exchange[stage].Messages++
	in.status.Exchange[stage].Bytes += bytes
}

// note takes a gathered part into the status.
func (in *Initializer) note(part Part, first bool) {
	in.crew.credit(part, first)
	if first {
		in.spans.processed(part)
	}
	in.noteRetry(part, first)
	in.mu.Lock()
	defer in.mu.Unlock()
	s := &in.status
	if !first {
		s.Late++
		return
	}
	if s.FirstOut.IsZero() {
		s.FirstOut = time.Now()
	}
	s.Tally.Add(part.Tally)
	s.Bytes += part.Results
	if !(s.Rows && part.Batch.Kind == manifest.Header) {
		s.Covered += part.Batch.Length
	}
}

// Status returns how far the run is. Safe for concurrent use.
func (in *Initializer) Status() Status {
	in.mu.Lock()
	s := in.status
	s.Reasons = maps.Clone(s.Reasons)
	s.Exchange = slices.Clone(s.Exchange)
	in.mu.Unlock()
	s.Workers = in.crew.states()
	s.Slots = in.crew.slots()
	var count func(string) int64
	s.Incidents, count = in.events.all()
	s.Retried, s.TakenOver, s.Slowest = count(IncidentRetried), count(IncidentTakenOver), in.spans.slow()
	s.Out = in.window.count()
	select {
	case <-in.drain:
		s.Drained = true
	default:
	}
	if in.replica != nil {
		q := in.replica.quorum()
		s.Quorum = &q
	}
	s.Waits = in.waits(s)
	slices.SortFunc(s.Workers, func(a, b WorkerState) int { return strings.Compare(a.Name, b.Name) })
	return s
}
