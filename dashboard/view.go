package dashboard

import (
	"time"

	"flashmob/manifest"
	"flashmob/timeline"
	"flashmob/worker"
)

// View is how a cluster and its run are at a moment: what /api/status answers and flashmob status --json prints. A field that
// is left out (null) is not known. Seconds, bytes and dollars are plain numbers.
type View struct {
	At       time.Time `json:"at"`
	Cluster  *Cluster  `json:"cluster,omitempty"`   // nothing on this machine, or where nobody told
	Hosts    []Host    `json:"hosts"`               // of the inventory, and all that have worked on the run
	Run      *Run      `json:"run,omitempty"`       // that goes on or has ended; nothing where there is none
	RunError string    `json:"run_error,omitempty"` // why it is not known whether a run goes on
}

// Cluster is what the operator knows of the cluster.
type Cluster struct {
	ID       string    `json:"id"`
	Stack    string    `json:"stack"`
	State    string    `json:"state"`          // creating, up, destroying or gone
	Busy     string    `json:"busy,omitempty"` // who works on it now
	Region   string    `json:"region,omitempty"`
	Zone     string    `json:"zone,omitempty"`
	Size     int       `json:"size"`
	Since    time.Time `json:"since,omitzero"`
	Dollars  float64   `json:"dollars"`                    // so far
	Hourly   float64   `json:"dollars_per_hour"`           // of what is up now, as far as it has a price
	Expected *float64  `json:"dollars_expected,omitempty"` // by the end of the run; where its end can be told
	Unpriced []string  `json:"unpriced,omitempty"`         // why the dollars are not the whole sum
	EndsIn   *float64  `json:"ends_in_seconds,omitempty"`  // until the first host powers itself off, by its ttl
}

// Host is a host, or on this machine a process.
type Host struct {
	Name    string          `json:"name"`
	State   string          `json:"state,omitempty"`          // the phase that it is in: boot, connect, upload, setup, start, work, lost, left, done
	Since   time.Time       `json:"since,omitzero"`           // of the state
	Waits   string          `json:"waits,omitempty"`          // what it waits for
	Silent  *float64        `json:"silent_seconds,omitempty"` // since it was heard of last
	Machine *worker.Machine `json:"machine,omitempty"`
}

// The states of a run.
const (
	Going   = "going"
	Done    = "done"
	Drained = "drained" // it ended early, as it was asked to
	Failed  = "failed"
)

// Run is how a run is.
type Run struct {
	ID     string    `json:"id"`
	App    string    `json:"app,omitempty"`
	Stages []string  `json:"flow,omitempty"` // names of the flow's stages
	By     string    `json:"by,omitempty"`   // who began it, and when
	Began  time.Time `json:"began,omitzero"` // this sitting
	State  string    `json:"state"`
	Error  string    `json:"error,omitempty"`
	Phase  string    `json:"phase,omitempty"`
	Waits  string    `json:"waits,omitempty"`          // what it waits for
	Silent *float64  `json:"silent_seconds,omitempty"` // since the initializer was heard of last

	Records  int64    `json:"records"` // gathered: in = out + rejected
	Out      int64    `json:"records_out"`
	Rejected int64    `json:"rejected"`
	Emitted  int64    `json:"emitted"` // records written to the results
	Unit     string   `json:"unit"`    // of covered and total: bytes or rows of the input
	Covered  int64    `json:"covered"`
	Resumed  int64    `json:"resumed,omitempty"` // of covered, what earlier sittings did
	Total    *int64   `json:"total,omitempty"`
	Fraction *float64 `json:"fraction,omitempty"`
	Left     *float64 `json:"seconds_left,omitempty"`
	Rows     *float64 `json:"rows_per_second,omitempty"`  // lately
	Bytes    *float64 `json:"bytes_per_second,omitempty"` // of input, lately
	Results  int64    `json:"result_bytes"`
	Slots    int      `json:"slots"`
	Busy     *int     `json:"busy_slots,omitempty"`

	Backlog    Backlog           `json:"backlog"`
	Process    []Stage           `json:"stages"` // of a batch's life, all workers together
	Workers    []Worker          `json:"workers"`
	Partitions []Partition       `json:"partitions,omitempty"`
	Retried    int64             `json:"redelivered"` // batches that the log handed out more than once
	TakenOver  int64             `json:"taken_over"`  // partitions whose owner was lost or left
	Late       int64             `json:"dropped"`     // parts for a range that was covered already
	Reasons    []Reason          `json:"reject_reasons,omitempty"`
	Incidents  []worker.Incident `json:"incidents"` // the last ones
	Slowest    []Slow            `json:"slowest,omitempty"`
	Spans      []timeline.Span   `json:"timeline,omitempty"`
	History    *History          `json:"history,omitempty"`

	// Settings is what the run is, where that is known; not in the JSON: the manifest has it.
	Settings *manifest.Run `json:"-"`
	trace    *traces
}

// Backlog is what waits.
type Backlog struct {
	Batches int    `json:"batches"`         // handed out and not back
	Input   *int64 `json:"input,omitempty"` // left of the input, in Run.Unit
	Untaken int64  `json:"untaken_bytes"`   // that owners of partitions have not taken in
}

// Stage is one stage of a batch's life, on one worker or on all.
type Stage struct {
	Name     string  `json:"name"`
	Batches  int64   `json:"batches"`
	Records  int64   `json:"records"`
	Bytes    int64   `json:"bytes"`
	Rejected int64   `json:"rejected"`
	Again    int64   `json:"redelivered"`
	Busy     float64 `json:"seconds"` // of all slots together
	Rows     *Spread `json:"rows_per_second,omitempty"`
	Volume   *Spread `json:"bytes_per_second,omitempty"`
	Latency  Latency `json:"latency"`
}

// Spread is how a rate was over the last five minutes.
type Spread struct {
	Now    float64 `json:"now"`
	Least  float64 `json:"min"`
	Median float64 `json:"median"`
	Most   float64 `json:"max"`
}

// Latency is how long batches took, in seconds, since the run began; exact to 1 %. All is zero where Count is.
type Latency struct {
	Count   int64   `json:"count"`
	P50     float64 `json:"p50"`
	P95     float64 `json:"p95"`
	P99     float64 `json:"p99"`
	P999    float64 `json:"p99_9"`
	P9999   float64 `json:"p99_99"`
	Longest float64 `json:"longest"`
}

// Worker is what one worker has done.
type Worker struct {
	Name    string   `json:"host"`
	Slots   int      `json:"slots"`
	Busy    int      `json:"busy_slots"`
	Parts   int64    `json:"parts"`                    // gathered of it
	Records int64    `json:"records"`                  // in those
	Lost    bool     `json:"lost,omitempty"`           // it left, or is silent
	Silent  *float64 `json:"silent_seconds,omitempty"` // since its metrics came last
	Rows    *Spread  `json:"rows_per_second,omitempty"`
	Volume  *Spread  `json:"bytes_per_second,omitempty"`
	Stages  []Stage  `json:"stages,omitempty"`
	PerSlot []Stage  `json:"per_slot,omitempty"` // counters of StageProcess by slot, without latencies
}

// Partition says who owns a partition.
type Partition struct {
	Number int    `json:"partition"`
	Owner  string `json:"owner"`
}

// Reason is why records were rejected.
type Reason struct {
	Reason string `json:"reason"` // empty for all others together
	Count  int64  `json:"count"`
}

// Slow is a batch that took long.
type Slow struct {
	Input   string  `json:"input"`
	Offset  int64   `json:"offset"`
	Length  int64   `json:"length"`
	Records int64   `json:"records"`
	Worker  string  `json:"worker"`
	Seconds float64 `json:"seconds"`
}

// History is the last five minutes, a value a second, the last one at Ends.
type History struct {
	Ends  time.Time `json:"ends"`
	Rows  []float64 `json:"rows_per_second"`
	Bytes []float64 `json:"bytes_per_second"`
	Out   []float64 `json:"backlog_batches"`
	Busy  []float64 `json:"busy_slots"`
}
