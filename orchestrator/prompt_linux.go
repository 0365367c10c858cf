package orchestrator

import (
	"net"
	"syscall"
)

// A prompt connection acknowledges small packets at once. sshd sends what is small in several packets, each of which is
// held back until the one before is acknowledged, and a kernel that has just sent something waits 40 ms with that, in the
// hope of saying something anyway. So a login and every command would take that much longer.
type prompt struct{ *net.TCPConn }

// smallRead is up to how many bytes a read brings something that more small packets may wait behind.
const smallRead = 4096

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
