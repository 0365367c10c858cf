package worker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// lane is a sender and a receiver of a stream, with what carries it between them.
type lane struct {
	sender   *Credit
	receiver *credited
	carried  atomic.Int64 // bytes
}

func (l *lane) Read(p []byte) (int, error) {
	n, err := l.sender.Read(p)
	l.carried.Add(int64(n))
	return n, err
}

func newLane(t *testing.T, source io.Reader) *lane {
	answer, grants := io.Pipe()
	l := &lane{sender: NewCredit(io.NopCloser(source))}
	l.receiver = newCredited(func(total int64) {
		if _, err := grants.Write(binary.BigEndian.AppendUint64(nil, uint64(total))); err != nil {
			t.Error(err)
		}
	})
	var others sync.WaitGroup
	others.Go(func() { l.sender.Follow(answer) })
	others.Go(func() { l.receiver.fill(l) })
	t.Cleanup(func() {
		l.receiver.end()
		if err := errors.Join(grants.Close(), l.sender.Close()); err != nil {
			t.Error(err)
		}
		others.Wait()
	})
	return l
}

func TestWhatWaitsToBeReadIsBoundedByTheCredit(t *testing.T) {
	text := make([]byte, 3*creditMost+12_345)
	for i := range text {
		text[i] = byte(rand.Uint32())
	}
	l := newLane(t, bytes.NewReader(text))
	var got []byte
	block := make([]byte, 10_000)
	for {
		n, err := l.receiver.Read(block)
		got = append(got, block[:n]...)
		if ahead := l.carried.Load() - int64(len(got)); ahead > creditMost {
			t.Fatalf("%d bytes were sent ahead of the reader", ahead)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, text) {
		t.Errorf("%d bytes have come, want %d", len(got), len(text))
	}
}

// Where nothing is there for a reader the way is long, and more may be on it.
func TestOnlyAReaderThatFindsNothingLetsMoreBeOnItsWay(t *testing.T) {
	c := newCredited(func(int64) {})
	block := make([]byte, 1000)
	for range 10 * CreditWindow / len(block) {
		c.waiting.Write(block)
		if _, err := c.Read(block); err != nil {
			t.Fatal(err)
		}
	}
	if c.window != CreditWindow {
		t.Errorf("a reader that always finds something has a window of %d bytes", c.window)
	}
	c.err = io.EOF // so that it need not wait
	for range 10 {
		if _, err := c.Read(block); err != io.EOF {
			t.Fatal(err)
		}
	}
	if c.window != creditMost {
		t.Errorf("one that has to wait again and again has one of %d bytes", c.window)
	}
}

func TestASenderWithoutCreditIsKeptWaiting(t *testing.T) {
	l := newLane(t, endless('a'))
	block := make([]byte, CreditWindow)
	if _, err := io.ReadFull(l.receiver, block); err != nil {
		t.Fatal(err)
	}
	if err := l.sender.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, l.receiver); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("behind the end: %v", err)
	}
	if carried := l.carried.Load(); carried > 2*creditMost {
		t.Errorf("%d bytes were carried", carried)
	}
}

func TestAReaderThatWaitsIsEnded(t *testing.T) {
	source, writer := io.Pipe()
	l := newLane(t, source)
	ended := make(chan error, 1)
	go func() {
		_, err := l.receiver.Read(make([]byte, 1))
		ended <- err
	}()
	l.receiver.end()
	if err := <-ended; !errors.Is(err, ErrBrokeOff) {
		t.Error(err)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
}
