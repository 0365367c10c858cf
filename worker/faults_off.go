//go:build !faults

package worker

import "github.com/nats-io/nats.go"

// What tests of faults do to a build made for them, and to no other (faults_on.go): here all of it is nothing.

func reach(string) {}

func replyLost(*nats.Conn, string, []byte) bool { return false }

const (
	brokenAck     = false
	brokenSecond  = false
	brokenApplied = false
)

func (g *gatherer) double(heldPart) error { return nil }
