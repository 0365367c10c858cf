package orchestrator

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// A prompt connection acknowledges small packets at once. sshd sends what is small in several packets, each of which is
// held back until the one before is acknowledged, and a kernel that has just sent something waits 40 ms with that, in the
// hope of saying something anyway. So a login and every command would take that much longer.
type prompt struct{ *net.TCPConn }

// smallRead is up to how many bytes a read brings something that more small packets may wait behind.
const smallRead = 4096

// mortal breaks a connection when nothing of what was sent is acknowledged for lostAfter. The kernel would go on for a quarter of
// an hour.
func mortal(wire net.Conn) {
	tcp, ok := wire.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil { // without it only the end of a lost host is noticed later
		raw.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(lostAfter.Milliseconds()))
		})
	}
}

// acknowledging makes a connection prompt.
func acknowledging(wire net.Conn) net.Conn {
	if tcp, ok := wire.(*net.TCPConn); ok {
		return prompt{tcp}
	}
	return wire
}

// Read reads, and acknowledges what was read. The kernel forgets that it is to do that with the next packet.
func (p prompt) Read(b []byte) (int, error) {
	n, err := p.TCPConn.Read(b)
	if n == 0 || n > smallRead {
		return n, err
	}
	if raw, rawErr := p.SyscallConn(); rawErr == nil { // without it the connection is only slower
		raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) })
	}
	return n, err
}
