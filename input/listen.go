package input

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"flashmob/flow"
)

const listens = "tcp://"

// Listens reports whether the input is what programs send to an address: frames, over any number of connections. It has
// no end of its own.
func (in Input) Listens() bool { return strings.HasPrefix(in.URI, listens) }

// Listening returns the input of frames that are sent to an address, tcp://HOST:PORT.
func Listening(uri string) (Input, error) {
	if _, _, err := net.SplitHostPort(strings.TrimPrefix(uri, listens)); err != nil {
		return Input{}, fmt.Errorf("input %q: must be tcp://HOST:PORT", uri)
	}
	return Input{URI: uri, Size: -1}, nil
}

const (
	// frameMost is the longest frame that a connection may send: one that announces more is cut off, for what follows
	// cannot be told from what is meant.
	frameMost = 16 << 20
	// Once the input is to end, what is on its way is still taken in: from those who have connected, within lastCall, and of
	// each until it is silent for lastWords. Senders that never stop do not keep the input open: after lastWait of reading, or
	// lastBytes, which is more than sockets hold, they are cut off.
	lastCall  = 50 * time.Millisecond
	lastWords = 100 * time.Millisecond
	lastWait  = 2 * time.Second
	lastBytes = 16 << 20
)

// listener takes in frames from connections. Read returns whole frames of all of them, those of one in their order.
type listener struct {
	net     *net.TCPListener
	chunks  chan []byte // whole frames
	ended   chan struct{}
	finish  sync.Once
	serving sync.WaitGroup
	rest    []byte // of the chunk that is being read

	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	finished bool
	left     int64 // frames that are still to come; -1 for no limit
	torn     int   // connections that ended in the middle of a frame, or sent one that was too long
}

// listen begins to take in frames at an address.
func (in Input) listen() (*listener, error) {
	socket, err := net.Listen("tcp", strings.TrimPrefix(in.URI, listens))
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", in.URI, err)
	}
	l := &listener{net: socket.(*net.TCPListener), chunks: make(chan []byte, 64), ended: make(chan struct{}), conns: map[net.Conn]struct{}{}, left: -1}
	if in.Messages > 0 {
		l.left = in.Messages
	}
	l.serving.Go(l.accept)
	go func() { // ends when the listener is finished
		<-l.ended
		l.serving.Wait()
		close(l.chunks)
	}()
	return l, nil
}

// accept serves connections until the listener is finished, and those that were made before.
func (l *listener) accept() {
	defer l.net.Close()
	for last := false; ; {
		c, err := l.net.Accept()
		switch {
		case err == nil:
			l.mu.Lock()
			l.conns[c] = struct{}{}
			l.mu.Unlock()
			l.serving.Go(func() { l.serve(c) })
		case !errors.Is(err, os.ErrDeadlineExceeded):
			time.Sleep(10 * time.Millisecond) // out of descriptors, most likely
		case last || l.isFull():
			return
		default: // finished: those who are not let in yet have connected before
			last = true
			if l.net.SetDeadline(time.Now().Add(lastCall)) != nil {
				return
			}
		}
	}
}

// isFinished reports whether the input is to end. Then Finish has done what it does.
func (l *listener) isFinished() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finished
}

// isFull reports whether no more frames are wanted.
func (l *listener) isFull() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left == 0
}

// serve passes on the frames of one connection.
func (l *listener) serve(c net.Conn) {
	defer func() {
		l.mu.Lock()
		delete(l.conns, c)
		l.mu.Unlock()
		c.Close()
	}()
	cutter := flow.Frames.Cutter()
	var held []byte // the frame that has not come whole
	block := make([]byte, 64<<10)
	source := lastReader{Conn: c, listener: l, patience: lastWait, room: lastBytes}
	for {
		n, err := source.Read(block)
		if end := cutter.Last(block[:n]); end > 0 {
			if !l.pass(append(held, block[:end]...)) {
				return
			}
			held = append([]byte(nil), block[end:n]...)
		} else {
			held = append(held, block[:n]...)
		}
		if err != nil || len(held) > frameMost {
			if len(held) > 0 {
				l.mu.Lock()
				l.torn++
				l.mu.Unlock()
			}
			return
		}
	}
}

// pass hands on whole frames, as many as are wanted. It returns false when no more are.
func (l *listener) pass(frames []byte) bool {
	l.mu.Lock()
	if l.left >= 0 {
		cutter, end := flow.Frames.Cutter(), 0
		for end < len(frames) && l.left > 0 {
			n, _ := cutter.Next(frames[end:])
			end += n
			l.left--
		}
		frames = frames[:end]
	}
	over := l.left == 0
	l.mu.Unlock()
	if len(frames) > 0 {
		l.chunks <- frames
	}
	if over {
		l.Finish()
	}
	return !over
}

// A lastReader reads a connection: for as long as it lasts, and once the listener is finished for as long as it may.
type lastReader struct {
	net.Conn
	listener *listener
	patience time.Duration // left of lastWait
	room     int           // left of lastBytes
}

// Read reads on. That the listener is finished interrupts it, for it to begin again with a deadline.
func (r *lastReader) Read(p []byte) (int, error) {
	if !r.listener.isFinished() {
		n, err := r.Conn.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
	if r.patience <= 0 || r.room <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	begun := time.Now()
	if err := r.SetReadDeadline(begun.Add(lastWords)); err != nil {
		return 0, err
	}
	n, err := r.Conn.Read(p)
	r.patience -= time.Since(begun)
	r.room -= n
	return n, err
}

// Finish ends the input: nobody is let in any more, and what is on its way is still taken in. It may be called more than
// once, and while Read waits.
func (l *listener) Finish() {
	l.finish.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.finished = true
		close(l.ended)
		_ = l.net.SetDeadline(time.Now()) // wakes accept up; fails where it has ended
		for c := range l.conns {
			_ = c.SetReadDeadline(time.Now()) // likewise
		}
	})
}

// Read returns what came, and io.EOF behind the last of it once the input is finished.
func (l *listener) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		chunk, ok := <-l.chunks
		if !ok {
			return 0, io.EOF
		}
		l.rest = chunk
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// Close finishes the input and drops what has not been read.
func (l *listener) Close() error {
	l.Finish()
	for range l.chunks {
	}
	return nil
}

// Torn returns how many connections ended in the middle of a frame, which is lost.
func (l *listener) Torn() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.torn
}
