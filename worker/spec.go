package worker

import (
	"encoding/json"
	"time"

	"flashmob/flow"
	"flashmob/input"
	"flashmob/manifest"
)

// Spec is what a worker needs to know of a run. The initializer keeps it in the log; workers fetch it, so that all
// they must be told is the initializer's address.
type Spec struct {
	Run   manifest.Run `json:"run"`
	Depot string       `json:"depot,omitempty"` // inLog, or a folder that all workers see; empty when all are in one process
	// Partitions is how many partitions the keys of keyed stages fall into; 0 where there are no such stages.
	Partitions int `json:"partitions,omitempty"`
	// AckWait is how long a batch may go without a sign of life from its worker.
	AckWait time.Duration `json:"ack_wait"`
	// SnapshotEvery is how often owners of keys take snapshots at least, where there is anything new.
	SnapshotEvery time.Duration `json:"snapshot_every"`
	// Replicas is how many replicas the log has; 0 where there is one log.
	Replicas int `json:"replicas,omitempty"`
}

// inLog is the Spec.Depot of a run whose workers share nothing but the log.
const inLog = "log"

// input returns the i-th input of the run.
func (s Spec) input(i int) input.Input { return s.Run.Inputs[i] }

// MakeFlow returns the flow of an application by its name, with the settings that its user gave.
type MakeFlow func(app string, settings json.RawMessage) (*flow.Flow, error)

// flowOf returns the flow of a run, as its flags have it.
func flowOf(run manifest.Run, make MakeFlow) (*flow.Flow, error) {
	f, err := make(run.App, run.Settings)
	if err != nil {
		return nil, err
	}
	own := *f // whoever made it may have given it to others
	if run.NoHeader {
		own.Source = own.Source.WithoutHeader()
	}
	own.Source, err = own.Source.Dialect(run.Delimiter, run.Quote)
	return &own, err
}
