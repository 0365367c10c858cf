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
	externalShrink      = 4
	externalShrinkReply = 5
	externalStatus      = 9
	externalStatusReply = 10
	externalMost        = 64 << 10
	externalWait        = 5 * time.Second // how long a message may take, and its answer
)

// answers is what a member of a run does about the messages at its external address.
type answers struct {
	shutdown func()                    // one asks for the end of the run
	status   func() any                // one asks how it is going
	shrink   func(asked []byte) []byte // one asks for fewer workers, with a Shrink; the answer is a Shrunk
}

// serveExternal answers messages at an external address until ctx ends.
func serveExternal(ctx context.Context, address string, answer answers) error {
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
		_ = c.SetDeadline(time.Now().Add(externalWait))
		kind, text, err := readExternal(c)
		switch { // who asked may be gone when it is answered
		case err != nil: // a stranger, or one that left: nothing was asked
		case kind == externalShutdown:
			answer.shutdown()
		case kind == externalShrink:
			_, _ = c.Write(externalMessage(externalShrinkReply, answer.shrink(text)))
		case kind == externalStatus:
			if text, err := json.Marshal(answer.status()); err == nil {
				_, _ = c.Write(externalMessage(externalStatusReply, text))
			}
		}
		c.Close()
	}
}

// readExternal reads one message.
func readExternal(r io.Reader) (kind uint16, text []byte, err error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 2 || n > externalMost {
		return 0, nil, errTorn
	}
	text = make([]byte, n-2)
	_, err = io.ReadFull(r, text)
	return binary.BigEndian.Uint16(head[4:]), text, err
}

func externalMessage(kind uint16, text []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(2+len(text)))
	return append(binary.BigEndian.AppendUint16(b, kind), text...)
}

// ShutDown asks the run that has a member at an external address to end: it finishes what it has taken in.
func ShutDown(ctx context.Context, address string) error {
	c, err := tellExternal(ctx, address, externalShutdown, nil)
	if err != nil {
		return err
	}
	return c.Close()
}

// tellExternal sends a message to an external address and returns the connection, on which an answer may come.
func tellExternal(ctx context.Context, address string, kind uint16, text []byte) (net.Conn, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, rootCause(err))
	}
	if _, err := c.Write(externalMessage(kind, text)); err != nil {
		return nil, errors.Join(fmt.Errorf("tell %s: %w", address, rootCause(err)), c.Close())
	}
	return c, nil
}
