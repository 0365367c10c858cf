package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"
)

// The receiver comes late, goes away and comes back: it gets every line, in order.
func TestASinkFindsItsReceiverAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := newSink(listener.Addr().String(), slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- s.run(t.Context()) }()
	write := func(from, to int) {
		for i := from; i < to; i++ {
			if err := s.write(fmt.Appendf(nil, "%d\n", i)); err != nil {
				t.Error(err)
			}
		}
	}
	write(0, 100)
	c, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(c)
	for i := range 100 {
		if !lines.Scan() || lines.Text() != fmt.Sprint(i) {
			t.Fatalf("line %d is %q", i, lines.Text())
		}
	}
	c.(*net.TCPConn).SetLinger(0) // a reset, so that the sink learns of it
	c.Close()
	seen := make(chan []int, 1)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			t.Error(err)
			close(seen)
			return
		}
		defer c.Close()
		var all []int
		for lines := bufio.NewScanner(c); lines.Scan(); {
			n := -1
			fmt.Sscan(lines.Text(), &n)
			all = append(all, n)
		}
		seen <- all
	}()
	write(100, 5000)
	s.close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	// Some may come twice, those before the break too; none is missing, and all are in order.
	next := 0
	for _, n := range <-seen {
		if n > next && next > 0 {
			t.Fatalf("line %d follows line %d", n, next-1)
		}
		next = max(next, n+1)
	}
	if next != 5000 {
		t.Errorf("lines to %d came, want 5000", next)
	}
}

func TestASinkWithoutAReceiverSaysSo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	s := newSink(address, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	if err := s.write([]byte("nobody reads this\n")); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := s.write(make([]byte, sinkBacklog)); err != nil {
		t.Fatal(err) // there is still room
	}
	if err := s.write([]byte("x")); !errors.Is(err, errSink) {
		t.Errorf("a sink that has stopped takes lines: %v", err)
	}
}
