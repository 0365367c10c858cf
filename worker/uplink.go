package worker

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"flashmob/input"
)

// Uplink brings the bytes of an input from where they are, from an offset on, decompressed. It waits for somebody who
// can bring them for as long as ctx lasts. It may be called again for the same input when reading broke off: nobody
// needs what lies before the offset.
type Uplink func(ctx context.Context, i int, in input.Input, offset int64) (io.ReadCloser, error)

// ErrBrokeOff says that the other end of an uplink went away before the end of the input.
var ErrBrokeOff = errors.New("the uplink broke off")

// uplinked reads an input through an uplink, however often that breaks off.
type uplinked struct {
	ctx    context.Context // of one input being read: as long as the reader lives
	open   Uplink
	i      int
	in     input.Input
	log    *slog.Logger
	offset int64
	body   io.ReadCloser
}

func (u *uplinked) Read(p []byte) (int, error) {
	for {
		if u.body == nil {
			body, err := u.open(u.ctx, u.i, u.in, u.offset)
			if err != nil {
				return 0, err
			}
			u.body = body
		}
		n, err := u.body.Read(p)
		u.offset += int64(n)
		if n > 0 || err == io.EOF {
			return n, err
		}
		if err != nil {
			u.log.Warn("uplink broke off: waiting for the operator to come back", "input", u.in.URI, "err", err)
			u.body.Close()
			u.body = nil
			time.Sleep(10 * time.Millisecond) // an uplink that always fails must not spin
		}
	}
}

func (u *uplinked) Close() error {
	if u.body == nil {
		return nil
	}
	return u.body.Close()
}
