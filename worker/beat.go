package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// beatEvery is how often a worker says that it is there.
const beatEvery = 500 * time.Millisecond

// Beat is a worker's sign of life.
type Beat struct {
	Worker string `json:"worker"`
	Slots  int    `json:"slots"`
	Busy   int    `json:"busy"`
	Parts  bool   `json:"parts,omitempty"`  // the worker takes no more batches, and waits for others to take over what it owns
	Leaves bool   `json:"leaves,omitempty"` // it is the last one

	Program *ProgramWait `json:"program,omitempty"`
}

// beat sends signs of life until ctx ends.
func (w *worker) beat(ctx context.Context) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		if err := w.sendBeat(false); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return w.sendBeat(true)
		case <-tick.C:
		}
	}
}

func (w *worker) sendBeat(leaves bool) error {
	text, err := json.Marshal(Beat{Worker: w.Name, Slots: w.Slots, Busy: int(w.busy.Load()), Parts: w.parting(), Leaves: leaves, Program: longest(w.lanes)})
	if err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	_ = w.nc.Publish(beatSubject, text) // a beat that is lost is followed by the next
	return nil
}
