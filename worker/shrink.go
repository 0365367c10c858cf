package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Shrink is what a run is asked at the external address of any of its members: that workers leave before its end. They
// finish what they have begun and hand over the state that they own.
type Shrink struct {
	Count   int      `json:"count,omitempty"`   // so many of those that may, as far as there are
	Workers []string `json:"workers,omitempty"` // these, or nobody where one of them may not; with neither, it only is a question
}

// Shrunk is the answer.
type Shrunk struct {
	Eligible []string `json:"eligible"` // workers that may leave. The initializer's own may not, nor the last one
	Leaving  []string `json:"leaving,omitempty"`
	Error    string   `json:"error,omitempty"`
}

// shrink lets workers leave.
func (in *Initializer) shrink(asked Shrink) (s Shrunk) {
	asking := time.Now()
	_, stay := in.crew.present()
	own := in.own.Load()
	s.Eligible = slices.DeleteFunc(slices.Clone(stay), func(name string) bool { return own != nil && *own == name })
	most := max(min(len(s.Eligible), len(stay)-1), 0) // somebody has to go on
	for _, name := range asked.Workers {
		if !slices.Contains(s.Eligible, name) {
			s.Error = fmt.Sprintf("worker %q: there is none of that name that may leave", name)
			return s
		}
	}
	switch {
	case len(asked.Workers) > most:
		s.Error = fmt.Sprintf("%d workers: at most %d may leave", len(asked.Workers), most)
		return s
	case len(asked.Workers) > 0:
		s.Leaving = asked.Workers
	default:
		s.Leaving = s.Eligible[len(s.Eligible)-min(max(asked.Count, 0), most):]
	}
	if len(s.Leaving) == 0 {
		return s
	}
	others := slices.DeleteFunc(stay, func(name string) bool { return slices.Contains(s.Leaving, name) })
	if !in.crew.alive(asking, others) {
		return Shrunk{Eligible: s.Eligible, Error: "none of those that would stay gives a sign of life: " + strings.Join(others, ", ")}
	}
	names, err := json.Marshal(s.Leaving)
	if err == nil {
		err = in.nc.Publish(leaveSubject, names)
	}
	if err != nil {
		return Shrunk{Eligible: s.Eligible, Error: err.Error()}
	}
	in.Log.Info("workers are to leave", "workers", s.Leaving)
	in.crew.part(s.Leaving)
	return s
}

// shrinkText is shrink for one who asked in JSON.
func (in *Initializer) shrinkText(text []byte) []byte {
	var asked Shrink
	answer := Shrunk{Error: "not understood"}
	if json.Unmarshal(text, &asked) == nil {
		answer = in.shrink(asked)
	}
	reply, _ := json.Marshal(answer) // strings can be encoded
	return reply
}

// passShrink passes the question on to the initializer.
func (w *worker) passShrink(text []byte) []byte {
	reply, err := w.nc.Request(shrinkSubject, text, externalWait)
	if err == nil {
		return reply.Data
	}
	text, _ = json.Marshal(Shrunk{Error: fmt.Sprintf("%s asks the initializer: %v", w.Name, err)}) // strings can be encoded
	return text
}

// heedLeave closes drain when the worker is to leave: its process was told to, or the run.
func (w *worker) heedLeave(ctx context.Context, told <-chan struct{}, drain chan<- struct{}) error {
	messages := make(chan *nats.Msg, 16)
	listening, err := w.nc.ChanSubscribe(leaveSubject, messages)
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", leaveSubject, err)
	}
	defer listening.Unsubscribe()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-told:
			close(drain)
			return nil
		case msg := <-messages:
			var names []string
			if err := json.Unmarshal(msg.Data, &names); err != nil {
				return fmt.Errorf("read who is to leave: %w", err)
			}
			if slices.Contains(names, w.Name) {
				close(drain)
				return nil
			}
		}
	}
}

// ErrShrink says that a run does not let go of workers.
var ErrShrink = errors.New("nobody leaves")

// AskShrink asks the run that has a member at an external address for fewer workers.
func AskShrink(ctx context.Context, address string, asked Shrink) (answer Shrunk, err error) {
	text, err := json.Marshal(asked)
	if err != nil {
		return answer, err
	}
	c, err := tellExternal(ctx, address, externalShrink, text)
	if err != nil {
		return answer, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.SetReadDeadline(time.Now().Add(2 * externalWait)); err != nil {
		return answer, err
	}
	kind, reply, err := readExternal(c)
	if err == nil && kind != externalShrinkReply {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = json.Unmarshal(reply, &answer)
	}
	if err != nil {
		return answer, fmt.Errorf("answer of %s: %w", address, rootCause(err))
	}
	if answer.Error != "" {
		return answer, fmt.Errorf("shrink %s: %w: %s", address, ErrShrink, answer.Error)
	}
	return answer, nil
}
