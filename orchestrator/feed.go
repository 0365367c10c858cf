package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/zstd"

	"flashmob/input"
	"flashmob/worker"
)

// feed brings the bytes of inputs as the run asks for them, until ctx ends.
func (c *Cluster) feed(ctx context.Context, l line) error {
	sources := &sources{stdin: c.stdin, opened: map[int]*source{}}
	defer sources.close()
	for ctx.Err() == nil {
		answer, err := l.ask(ctx, http.MethodGet, "/want", nil)
		if err != nil {
			break // gather says why, if it matters
		}
		var want worker.Want
		wanted := answer.StatusCode == http.StatusOK
		if wanted {
			err = json.NewDecoder(answer.Body).Decode(&want)
		}
		answer.Body.Close()
		switch {
		case err != nil:
			return fmt.Errorf("feed: %w: %w", ErrCutOff, err)
		case answer.StatusCode == http.StatusGone:
			return nil
		case !wanted:
			continue
		case want.Input < 0 || want.Input >= len(c.folder.Run.Inputs):
			return fmt.Errorf("feed: input %d is wanted, there are %d", want.Input, len(c.folder.Run.Inputs))
		}
		err = bring(ctx, l, want, func(to io.Writer) error { return sources.ship(ctx, want, c.folder.Run.Inputs, to) })
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// bring sends what ship writes, compressed. An error is that of ship: what befalls the connection shows in the next Want.
func bring(ctx context.Context, l line, want worker.Want, ship func(to io.Writer) error) error {
	reader, writer := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		encoder, err := zstd.NewWriter(writer, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err == nil {
			err = ship(encoder)
		}
		if err == nil {
			err = encoder.Close()
		}
		writer.CloseWithError(err) // an error cuts the request off: the other side must not take it for the end
		packed <- err
	}()
	// The transport waits for its last read of the body, and that for a source that may be silent.
	body := worker.NewCredit(reader)
	defer context.AfterFunc(ctx, func() { body.Close() })()
	if answer, err := l.ask(ctx, http.MethodPut, fmt.Sprintf("/input?input=%d&offset=%d", want.Input, want.Offset), body); err == nil {
		if answer.StatusCode == http.StatusOK {
			body.Follow(answer.Body)
		}
		answer.Body.Close()
	}
	body.Close()
	select {
	case err := <-packed:
		return unlessClosed(err)
	case <-ctx.Done(): // a source that is silent holds up nobody: its read ends with this program
		return nil
	}
}

// unlessClosed returns err, unless it only says that nobody takes the bytes any more.
func unlessClosed(err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// sources are the inputs that are being brought, each where it was left.
type sources struct {
	stdin func() *replay // standard input, which outlives a connection

	mu     sync.Mutex
	opened map[int]*source
}

type source struct {
	*input.Stream
	at int64
}

// Read counts how far the source was read.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Stream.Read(p)
	s.at += int64(n)
	return n, err
}

// ship writes what is wanted, and the inputs behind it, up to one that is not brought, or that comes as it is written.
func (s *sources) ship(ctx context.Context, want worker.Want, inputs []input.Input, to io.Writer) error {
	shipper := worker.NewShipper(to)
	for i := want.Input; i < len(inputs); i++ {
		in := inputs[i]
		if i > want.Input && (in.IsGenerated() || in.IsRemote() || in == input.Stdin) {
			return nil
		}
		source, err := s.at(ctx, want, in)
		if err != nil {
			return err
		}
		if err := shipper.Ship(source); err != nil {
			return fmt.Errorf("feed %s: %w", in.URI, err)
		}
		if err := in.Check(); err != nil {
			return err
		}
		if err := errors.Join(shipper.EndInput(), s.done(i)); err != nil {
			return err
		}
		want = worker.Want{Input: i + 1}
	}
	return nil
}

// at returns the input from the wanted offset on.
func (s *sources) at(ctx context.Context, want worker.Want, in input.Input) (io.Reader, error) {
	if in == input.Stdin {
		return &replayed{ctx: ctx, of: s.stdin(), offset: want.Offset}, nil
	}
	s.mu.Lock()
	of := s.opened[want.Input]
	s.mu.Unlock()
	if of != nil && of.at > want.Offset { // it must be read again from its front
		if err := s.done(want.Input); err != nil {
			return nil, err
		}
		of = nil
	}
	if of == nil {
		stream, err := in.Open()
		if err != nil {
			return nil, err
		}
		of = &source{Stream: stream}
		s.mu.Lock()
		s.opened[want.Input] = of
		s.mu.Unlock()
	}
	if _, err := io.CopyN(io.Discard, of, want.Offset-of.at); err != nil {
		return nil, fmt.Errorf("input %s: skip to byte %d: %w", in.URI, want.Offset, err)
	}
	return of, nil
}

// done closes an input.
func (s *sources) done(i int) error {
	s.mu.Lock()
	of := s.opened[i]
	delete(s.opened, i)
	s.mu.Unlock()
	if of == nil {
		return nil
	}
	return of.Close()
}

// close closes what is open, though somebody may be reading it still: nobody wants it any more.
func (s *sources) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range s.opened {
		of.Close() // read only: nothing is lost
	}
}
