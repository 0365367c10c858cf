package worker

import (
	"time"

	"flashmob/latency"
)

// metricsEvery is how often a worker says what it has done, and the initializer how the run is.
const metricsEvery = time.Second

// Metrics is what a worker says of itself, once a second, to whoever watches. All counters count from Since on, so a message
// that is lost is made good by the next.
type Metrics struct {
	Worker string         `json:"worker"`
	Since  time.Time      `json:"since"` // when it joined: one that joins again counts anew
	At     time.Time      `json:"at"`    // by the worker's own clock
	Busy   int            `json:"busy"`  // slots at work
	Slots  []Counts       `json:"slots"` // by slot, of StageProcess
	Stages []StageMetrics `json:"stages"`
	Host   Machine        `json:"host"`
}

// Counts counts what went through a stage, or was done by a slot.
type Counts struct {
	Batches  int64         `json:"batches"`
	Records  int64         `json:"records"`
	Bytes    int64         `json:"bytes"`    // that went in, decompressed; those of generated records too
	Results  int64         `json:"results"`  // bytes that came out, compressed
	Rejected int64         `json:"rejected"` // records
	Again    int64         `json:"again"`    // of the batches, those that the log had handed out before
	Busy     time.Duration `json:"busy"`
}

// Add adds o to c.
func (c *Counts) Add(o Counts) {
	c.Batches += o.Batches
	c.Records += o.Records
	c.Bytes += o.Bytes
	c.Results += o.Results
	c.Rejected += o.Rejected
	c.Again += o.Again
	c.Busy += o.Busy
}

// StageMetrics is one stage of a batch's life on a worker.
type StageMetrics struct {
	Name string `json:"name"`
	Counts
	Latency *latency.Histogram `json:"-"`
	Text    []byte             `json:"latency"` // Latency, as it is sent
}

// The stages of a batch's life, in their order. The flow's own stages are one: a slot takes a batch through all of them at once.
const (
	StageWait    = "wait"    // on the worker, until a slot is free
	StageProcess = "process" // through the flow, on a slot
	StageCommit  = "commit"  // until the log has what came of it
	StageApply   = "apply"   // of keyed flows: an owner takes in what batches have for its partitions
	StageWhole   = "whole"   // from the initializer's hands until its results are in order and written
)

// Stages are the stages in their order.
var Stages = []string{StageWait, StageProcess, StageCommit, StageApply, StageWhole}

// pack makes the stage ready to be sent.
func (s *StageMetrics) pack() (err error) {
	s.Text, err = s.Latency.MarshalBinary()
	return err
}

// unpack is the reverse of pack.
func (s *StageMetrics) unpack() error {
	s.Latency = latency.New()
	return s.Latency.UnmarshalBinary(s.Text)
}

// takenIn counts what the owner of partitions has taken in of a group of deliveries.
func takenIn(group []*delivered, owned []*partition, took time.Duration) Counts {
	c := Counts{Batches: int64(len(group)), Busy: took}
	for _, d := range group {
		for _, p := range owned {
			if len(d.Segments) > 0 {
				c.Bytes += d.Segments[p.number]
			}
		}
	}
	return c
}
