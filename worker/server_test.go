package worker

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestAPortThatIsGivenUpIsWaitedFor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := free(address); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("while it is taken: %v", err)
	}
	time.AfterFunc(100*time.Millisecond, func() { l.Close() })
	if err := free(address); err != nil {
		t.Errorf("given up after 0.1 s: %v", err)
	}
}
