//go:build faults

package worker

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/nats-io/nats.go"
)

// A build with the tag faults can be told to die at a point of its work, to lose replies of the log, and to be broken: so
// that tests can see that nothing depends on when a process dies, and that they would see it if it did. Everything is said
// by environment variables:
//
//	FLASHMOB_CRASH=POINT:N    end as kill -9 does, on reaching the point for the N-th time
//	FLASHMOB_CRASH_ONCE=FILE  the first of several processes that are told so ends, and makes the file; the others do not
//	FLASHMOB_STOP=POINT:N     stop as kill -STOP does, on reaching the point for the N-th time
//	FLASHMOB_LOSE=N           take every N-th reply of the log to a publish for lost, though the log has the message
//	FLASHMOB_BROKEN=ack       ack a batch before its part is published
//	FLASHMOB_BROKEN=second    gather second parts, too
//	FLASHMOB_BROKEN=applied   take snapshots without the set of applied batches

var (
	crashPoint, crashHit = crashOf(os.Getenv("FLASHMOB_CRASH"))
	loseEvery            = numberOf(os.Getenv("FLASHMOB_LOSE"))
	stopPoint, stopHit   = crashOf(os.Getenv("FLASHMOB_STOP"))
	reached, published   atomic.Int64
	passed               atomic.Int64 // the point to stop at

	brokenAck     = os.Getenv("FLASHMOB_BROKEN") == "ack"
	brokenSecond  = os.Getenv("FLASHMOB_BROKEN") == "second"
	brokenApplied = os.Getenv("FLASHMOB_BROKEN") == "applied"
)

func crashOf(text string) (point string, hit int64) {
	point, count, _ := strings.Cut(text, ":")
	return point, numberOf(count)
}

// numberOf panics at what is no number: a test that asks for nothing would prove nothing.
func numberOf(text string) int64 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// reach ends or stops the process if that is what was asked for.
func reach(point string) {
	if point == crashPoint && reached.Add(1) == crashHit && firstToDie() {
		die(point)
	}
	if point == stopPoint && passed.Add(1) == stopHit {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) // there is no error: it is this process
	}
}

// firstToDie reports whether no other process has died, where only one is to.
func firstToDie() bool {
	path := os.Getenv("FLASHMOB_CRASH_ONCE")
	if path == "" {
		return true
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o644)
	return err == nil && f.Close() == nil
}

func die(point string) {
	fmt.Fprintln(os.Stderr, "crash at", point)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // there is no error: it is this process
	select {}
}

// replyLost reports whether the log's reply to a message is to be lost. The log has the message then.
func replyLost(nc *nats.Conn, subject string, message []byte) bool {
	n := published.Add(1)
	dies := crashPoint == "sent" && n == crashHit
	if !dies && (loseEvery == 0 || n%loseEvery != 0) {
		return false
	}
	if nc.Publish(subject, message) != nil || nc.Flush() != nil {
		return false
	}
	if dies {
		die("sent")
	}
	return true
}

// double appends a second part, where nothing should.
func (g *gatherer) double(part heldPart) error {
	next := g.next
	defer func() { g.next = next }()
	return g.append(part)
}
