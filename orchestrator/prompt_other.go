//go:build !linux

package orchestrator

import "net"

// acknowledging leaves the connection as it is: elsewhere than on Linux no kernel can be asked to acknowledge at once.
func acknowledging(wire net.Conn) net.Conn { return wire }

// mortal leaves the connection as it is: other kernels have no such setting, and find out later.
func mortal(net.Conn) {}
