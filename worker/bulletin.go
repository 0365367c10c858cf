package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Bulletin is what the initializer says of the run, once a second, to whoever watches.
type Bulletin struct {
	At     time.Time `json:"at"`
	Status Status    `json:"status"`
	// Whole is StageWhole: from the initializer's hands until the results are written.
	Whole StageMetrics `json:"whole"`
	// Told is what the operator has said of the run (Control, PUT /tell): nothing here reads it.
	Told json.RawMessage `json:"told,omitempty"`
	// Over says how the run ended; nil while it goes on.
	Over *Over `json:"over,omitempty"`
}

// Tell keeps what the operator says of the run, for those who watch it. text is JSON.
func (in *Initializer) Tell(text []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.told = text
}

// bulletin returns how the run is.
func (in *Initializer) bulletin(over *Over) Bulletin {
	b := Bulletin{At: time.Now(), Status: in.Status(), Whole: in.spans.metrics(), Over: over}
	in.mu.Lock()
	b.Told = in.told
	in.mu.Unlock()
	return b
}

// announceRun says how the run is, every second, until ctx ends.
func (in *Initializer) announceRun(ctx context.Context) error {
	if mute != "" {
		return nil
	}
	tick := time.NewTicker(metricsEvery)
	defer tick.Stop()
	for {
		if err := in.say(nil); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// say sends a bulletin.
func (in *Initializer) say(over *Over) error {
	b := in.bulletin(over)
	if err := b.Whole.pack(); err != nil {
		return fmt.Errorf("bulletin: %w", err)
	}
	text, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("bulletin: %w", err)
	}
	_ = in.nc.Publish(bulletinSubject, text) // one that is lost is followed by the next
	return nil
}

// lastWord says how the run ended, before the log goes.
func (in *Initializer) lastWord(err error) error {
	over := &Over{Drained: errors.Is(err, ErrDrained)}
	if err != nil {
		over.Error = err.Error()
	}
	if err := in.say(over); err != nil {
		return err
	}
	if err := in.nc.FlushTimeout(time.Second); err != nil {
		in.Log.Debug("last bulletin", "err", err) // nobody who watches is worth waiting for
	}
	return nil
}
