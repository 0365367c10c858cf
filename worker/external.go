package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// The messages that a member of a run takes at its external address: 4 bytes length, big-endian, of what follows; 2 bytes
// kind, big-endian; text. The numbers are those of Wallaroo 0.5.
const (
	externalShutdown    = 3
	externalStatus      = 9
	externalStatusReply = 10
	externalMost        = 64 << 10
)

// serveExternal answers messages at an external address until ctx ends. shutdown is called when one asks for the end of the
// run; status returns what is answered to one that asks for it.
func serveExternal(ctx context.Context, address string, shutdown func(), status func() any) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen %s: %w", address, rootCause(err))
	}
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	for {
		c, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept %s: %w", address, err)
		}
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		kind, err := readExternal(c)
		switch {
		case err != nil: // a stranger, or one that left: nothing was asked
		case kind == externalShutdown:
			shutdown()
		case kind == externalStatus:
			if text, err := json.Marshal(status()); err == nil {
				_, _ = c.Write(externalMessage(externalStatusReply, text)) // who asked may be gone
			}
		}
		c.Close()
	}
}

// readExternal reads one message and returns its kind.
func readExternal(r io.Reader) (kind uint16, err error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 2 || n > externalMost {
		return 0, errTorn
	}
	_, err = io.CopyN(io.Discard, r, int64(n-2))
	return binary.BigEndian.Uint16(head[4:]), err
}

func externalMessage(kind uint16, text []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(2+len(text)))
	return append(binary.BigEndian.AppendUint16(b, kind), text...)
}

// ShutDown asks the run that has a member at an external address to end: it finishes what it has taken in.
func ShutDown(ctx context.Context, address string) error {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", address, rootCause(err))
	}
	_, err = c.Write(externalMessage(externalShutdown, nil))
	return errors.Join(err, c.Close())
}
