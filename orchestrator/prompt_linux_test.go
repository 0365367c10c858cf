package orchestrator

import (
	"io"
	"net"
	"syscall"
	"testing"
)

func TestSmallPacketsAreAcknowledgedAtOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	wire, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer wire.Close()
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	// Two that talk in turns are what a kernel waits for to delay its acknowledgements.
	talk := func(near net.Conn) (atOnce bool) {
		word := make([]byte, 64)
		for range 8 {
			for _, turn := range [][2]net.Conn{{near, far}, {far, near}} {
				if _, err := turn[0].Write(word); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(turn[1], word); err != nil {
					t.Fatal(err)
				}
			}
		}
		raw, err := wire.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		value := 0
		raw.Control(func(fd uintptr) {
			value, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK)
		})
		if err != nil {
			t.Fatal(err)
		}
		return value == 1
	}
	if talk(wire) {
		t.Skip("this kernel delays nothing, so nothing can be seen")
	}
	if !talk(acknowledging(wire)) {
		t.Error("the kernel still waits before it acknowledges")
	}
}
