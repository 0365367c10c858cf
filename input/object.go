package input

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// How much of an object is asked for at once by whoever may leap over what follows: more every time, for then it does not.
const (
	stepSize = 64 << 10
	stepMost = 4 << 20
)

// object reads a range of a remote input, or all of it, from front to back. When the connection breaks it is made anew.
type object struct {
	in       Input
	at, to   int64 // to is -1 for the end of one that has no ranges
	step     int64 // how much is asked for at once, where all of it may not be wanted; 0 for all
	until    int64 // how far the connection goes
	body     io.ReadCloser
	cancel   context.CancelFunc
	watchdog *time.Timer
	failed   int // tries since something came
}

// Read reads on.
func (o *object) Read(p []byte) (int, error) {
	for {
		if o.to >= 0 && o.at >= o.to {
			return 0, io.EOF
		}
		n, err := o.try(p)
		o.at += int64(n)
		if n > 0 {
			o.failed = 0
			return n, nil
		}
		if err == nil {
			continue
		}
		if err == io.EOF && o.step > 0 && o.at >= o.until { // this step was all there
			o.drop()
			continue
		}
		if err == io.EOF && o.to < 0 {
			return 0, io.EOF
		}
		o.drop()
		whole := o.to < 0 && o.at > 0 // it cannot be asked for from here on
		if o.failed++; whole || o.failed >= tries || err != io.EOF && !passes(err) {
			return 0, fmt.Errorf("input %q: at byte %d: %w", o.in.URI, o.at, unexpected(err))
		}
		time.Sleep(pause(o.failed - 1))
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// try reads once, from the connection that there is or a new one.
func (o *object) try(p []byte) (int, error) {
	if o.body == nil {
		if err := o.ask(); err != nil {
			return 0, err
		}
	}
	if o.to >= 0 {
		p = p[:min(int64(len(p)), o.to-o.at)]
	}
	o.watchdog.Reset(silence)
	n, err := o.body.Read(p)
	o.watchdog.Stop()
	if err != nil && err != io.EOF {
		err = transient{err}
	}
	return n, err
}

// ask asks for what is still to be read, and makes sure that it is of the object that the run began with.
func (o *object) ask() error {
	ctx, cancel := context.WithCancel(context.Background())
	o.until = o.to
	if o.step > 0 && o.to >= 0 {
		o.until = min(o.at+o.step, o.to)
		o.step = min(2*o.step, stepMost)
	}
	answer, err := o.in.get(ctx, o.at, o.until)
	if err == nil {
		err = o.same(answer)
		if err != nil {
			answer.Body.Close()
		}
	}
	if err != nil {
		cancel()
		return err
	}
	o.body, o.cancel, o.watchdog = answer.Body, cancel, time.AfterFunc(silence, cancel)
	return nil
}

// same makes sure that an answer is of the input, as it was when the run began.
func (o *object) same(answer *http.Response) error {
	if tag := tagOf(answer); tag != o.in.ETag && tag != "" && o.in.ETag != "" {
		return fmt.Errorf("%w: its ETag was %s, is %s", ErrChanged, o.in.ETag, tag)
	}
	if o.to < 0 {
		return nil
	}
	if answer.StatusCode == http.StatusOK && o.at == 0 && answer.ContentLength == o.in.Size {
		return nil // all of it will do
	}
	size, ok := sizeOf(answer)
	switch {
	case !ok:
		return ErrNoRanges
	case size != o.in.Size:
		return fmt.Errorf("%w: size was %d, is %d", ErrChanged, o.in.Size, size)
	case answer.StatusCode != http.StatusPartialContent:
		return ErrNoRanges
	}
	return nil
}

func (o *object) drop() {
	if o.body != nil {
		o.watchdog.Stop()
		o.cancel()
		o.body.Close()
		o.body = nil
	}
}

// Close lets go of the connection.
func (o *object) Close() error {
	o.drop()
	return nil
}
