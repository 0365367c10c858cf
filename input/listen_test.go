package input_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"flashmob/input"
)

// listening opens an input of frames at an address of this machine.
func listening(t *testing.T, messages int64) (*input.Stream, string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	in, err := input.Listening("tcp://" + address)
	if err != nil {
		t.Fatal(err)
	}
	in.Messages = messages
	s, err := in.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, address
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func framed(payloads ...string) (b []byte) {
	for _, p := range payloads {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	return b
}

func put(t *testing.T, c net.Conn, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

// rest reads the input to its end.
func rest(t *testing.T, s *input.Stream) []byte {
	t.Helper()
	b, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramesComeWholeHoweverTheyAreCut(t *testing.T) {
	want := framed("one", "", "three", strings.Repeat("long", 50_000), "five")
	for _, cut := range []int{1, 3, 7, 70_000, len(want)} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			s, address := listening(t, 0)
			go func() {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				defer s.Finish()
				for piece := range slices.Chunk(want, cut) {
					if _, err := c.Write(piece); err != nil {
						t.Error(err)
						return
					}
				}
			}()
			if got := rest(t, s); !bytes.Equal(got, want) || s.Torn() != 0 {
				t.Errorf("%d bytes, want %d; %d torn", len(got), len(want), s.Torn())
			}
		})
	}
}

// Whoever has connected and sent before the input is finished is heard, let in already or not, open or closed.
func TestWhatIsOnItsWayIsTakenIn(t *testing.T) {
	for range 30 {
		s, address := listening(t, 0)
		want := 0
		for i := range 20 {
			c := dial(t, address)
			put(t, c, framed("a", "bc"))
			want += len(framed("a", "bc"))
			if i%2 == 0 {
				c.Close()
			}
		}
		s.Finish()
		s.Finish()
		if got := rest(t, s); len(got) != want || s.Torn() != 0 {
			t.Fatalf("%d bytes, want %d; %d torn", len(got), want, s.Torn())
		}
	}
}

// A run that is busy when its input is finished does not lose what the sockets hold.
func TestWhatWaitsIsTakenInHoweverLateItIsRead(t *testing.T) {
	s, address := listening(t, 0)
	big := framed(slices.Repeat([]string{strings.Repeat("x", 1000)}, 5000)...) // more than waits in the input itself
	sent := make(chan error, 1)
	c := dial(t, address)
	go func() {
		_, err := c.Write(big)
		sent <- err
	}()
	first := make([]byte, 1)
	if _, err := io.ReadFull(s, first); err != nil {
		t.Fatal(err)
	}
	s.Finish()
	time.Sleep(300 * time.Millisecond) // the reader is at something else for longer than a connection may be silent
	got := append(first, rest(t, s)...)
	if err := <-sent; err != nil || !bytes.Equal(got, big) {
		t.Errorf("%d bytes, want %d; %v", len(got), len(big), err)
	}
}

func TestConnectionsThatBreakAFrameLoseIt(t *testing.T) {
	s, address := listening(t, 0)
	for _, torn := range [][]byte{
		append(framed("whole"), 0, 0), append(framed("whole"), 0, 0, 0, 5, 'a'), {0, 0, 0, 5},
		append(framed("whole"), 0xff, 0xff, 0xff, 0xff, 'a'), // announces 4 GiB and goes
	} {
		c := dial(t, address)
		put(t, c, torn)
		c.Close()
	}
	endless := dial(t, address) // announces more than a frame may have, and sends it
	put(t, endless, binary.BigEndian.AppendUint32(nil, 17<<20))
	go io.Copy(endless, strings.NewReader(strings.Repeat("x", 17<<20)))
	if _, err := endless.Read(make([]byte, 1)); err == nil {
		t.Error("a frame that is too long is answered")
	}
	s.Finish()
	if got, want := rest(t, s), framed("whole", "whole", "whole"); !bytes.Equal(got, want) || s.Torn() != 5 {
		t.Errorf("%q, want %q; %d torn, want 5", got, want, s.Torn())
	}
}

// A sender that does not stop does not keep the input open.
func TestTheEndComesWhoeverGoesOnSending(t *testing.T) {
	s, address := listening(t, 0)
	c := dial(t, address)
	go func() {
		for {
			if _, err := c.Write(framed(strings.Repeat("x", 100))); err != nil {
				return
			}
		}
	}()
	if _, err := io.ReadFull(s, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	s.Finish()
	rest(t, s)
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("somebody is let in behind the end")
	}
}

func TestNoMoreMessagesThanAreWanted(t *testing.T) {
	s, address := listening(t, 3)
	put(t, dial(t, address), framed("1", "2", "3", "4"))
	if got, want := rest(t, s), framed("1", "2", "3"); !bytes.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, uri := range []string{"tcp://", "tcp://host", "tcp://:x:1"} {
		if _, err := input.Listening(uri); err == nil {
			t.Errorf("%q is accepted", uri)
		}
	}
	_, address := listening(t, 0)
	in, err := input.Listening("tcp://" + address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Open(); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("two listen at %s: %v", address, err)
	}
}
