package infra

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Request asks the cmd/infra process for one operation. It is one line of JSON on the process's standard input, which
// then stays open: its end means that the asker is gone, and stops the operation in order.
type Request struct {
	Operation string `json:"operation"` // up, preview, down
	Files     Files  `json:"files"`
	Spec      Spec   `json:"spec"` // for down only the region counts, and only without a record
}

// Reply is one line of the answer: events while the operation goes on, then one line with its end.
type Reply struct {
	Event   *Event         `json:"event,omitempty"`
	Up      *UpResult      `json:"up,omitempty"`
	Preview *PreviewResult `json:"preview,omitempty"`
	Receipt *Receipt       `json:"receipt,omitempty"`
	Fault   *Fault         `json:"fault,omitempty"`
	Done    bool           `json:"done,omitempty"`
}

// Fault is an error on its way between processes; the three that callers branch on keep their type.
type Fault struct {
	Text   string       `json:"text"`
	Locked *LockedError `json:"locked,omitempty"`
	Left   []Resource   `json:"left,omitempty"`
	NoSize bool         `json:"no_size,omitempty"`
}

// NewFault packs an error; nil stays nil.
func NewFault(err error) *Fault {
	if err == nil {
		return nil
	}
	f := &Fault{Text: err.Error(), NoSize: errors.Is(err, ErrNoSize)}
	errors.As(err, &f.Locked)
	var left *LeftError
	if errors.As(err, &left) {
		f.Left = left.Left
	}
	return f
}

// Err unpacks the error; a nil Fault is nil.
func (f *Fault) Err() error {
	if f == nil {
		return nil
	}
	e := &farError{text: f.Text}
	switch {
	case f.NoSize:
		e.cause = ErrNoSize
	case f.Locked != nil:
		e.cause = f.Locked
	case f.Left != nil:
		e.cause = &LeftError{Left: f.Left}
	}
	return e
}

// farError says what the other process said and unwraps to the type that the error had there.
type farError struct {
	text  string
	cause error
}

func (e *farError) Error() string { return e.text }
func (e *farError) Unwrap() error { return e.cause }

// callPatience is how long the process may take to stop in order.
const callPatience = 3 * time.Minute

// Call runs one operation in a process of its own (command is cmd/infra's path), so that the caller does not have to
// link Pulumi. notify, if any, hears the events. When ctx ends, the process stops in order: what is under way is
// finished and written down.
func Call(ctx context.Context, command string, request Request, notify func(Event)) (Reply, error) {
	cmd := exec.Command(command, "serve")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is the caller's to hear
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return Reply{}, fmt.Errorf("start %s: %w", command, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return Reply{}, fmt.Errorf("start %s: %w", command, err)
	}
	if err := cmd.Start(); err != nil {
		return Reply{}, fmt.Errorf("start %s: %w", command, err)
	}
	var kill *time.Timer
	stop := context.AfterFunc(ctx, func() {
		stdin.Close()
		kill = time.AfterFunc(callPatience, func() { cmd.Process.Kill() })
	})
	end, readErr := converse(stdin, stdout, request, notify)
	if !stop() && kill != nil {
		kill.Stop()
	}
	stdin.Close()
	waitErr := cmd.Wait()
	if end == nil {
		return Reply{}, fmt.Errorf("run %s: %w\n%s", command, errors.Join(readErr, waitErr), strings.TrimSpace(stderr.String()))
	}
	if ctx.Err() != nil && end.Fault != nil {
		return *end, errors.Join(context.Cause(ctx), end.Fault.Err())
	}
	return *end, end.Fault.Err()
}

func converse(stdin io.Writer, stdout io.Reader, request Request, notify func(Event)) (*Reply, error) {
	if err := json.NewEncoder(stdin).Encode(request); err != nil {
		return nil, err
	}
	replies := json.NewDecoder(bufio.NewReader(stdout))
	for {
		var reply Reply
		if err := replies.Decode(&reply); err != nil {
			return nil, err
		}
		if reply.Event != nil && notify != nil {
			notify(*reply.Event)
		}
		if reply.Done {
			return &reply, nil
		}
	}
}
