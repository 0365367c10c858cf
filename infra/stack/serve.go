package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"flashmob/infra"
)

// errAskerGone is the cause of a cancelled operation whose asker ended.
var errAskerGone = errors.New("whoever asked for this is gone")

// Serve answers one infra.Request on in with infra.Reply lines on out. It stops the operation in order when in ends.
// The error is one of the conversation; that of the operation is in the last reply.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	requests := json.NewDecoder(in)
	var request infra.Request
	if err := requests.Decode(&request); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // ends with the asker, or with this process
		io.Copy(io.Discard, io.MultiReader(requests.Buffered(), in))
		cancel(errAskerGone)
	}()
	var mu sync.Mutex
	replies := json.NewEncoder(out)
	send := func(r infra.Reply) error {
		mu.Lock()
		defer mu.Unlock()
		return replies.Encode(r)
	}
	c := Cluster{Files: request.Files, Notify: func(e infra.Event) { send(infra.Reply{Event: &e}) }}
	reply := c.answer(ctx, request)
	reply.Done = true
	if err := send(reply); err != nil && ctx.Err() == nil {
		return fmt.Errorf("write reply: %w", err)
	}
	return nil
}

func (c Cluster) answer(ctx context.Context, request infra.Request) infra.Reply {
	var reply infra.Reply
	var err error
	switch request.Operation {
	case "up":
		var up infra.UpResult
		up, err = c.Up(ctx, request.Spec)
		reply.Up = &up
	case "preview":
		var preview infra.PreviewResult
		preview, err = c.Preview(ctx, request.Spec)
		reply.Preview = &preview
	case "down":
		var receipt infra.Receipt
		receipt, err = c.Down(ctx, request.Spec.Region)
		reply.Receipt = &receipt
	default:
		err = fmt.Errorf("unknown operation %q", request.Operation)
	}
	reply.Fault = infra.NewFault(err)
	return reply
}
