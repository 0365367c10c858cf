package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ErrLogFailed says that the log has stopped taking messages: its disk is full, or broken.
var ErrLogFailed = errors.New("the log takes no more messages; is its disk full?")

// A log that could not write once never answers who publishes to it again, and one that has reached its limit, three quarters of
// what its disk had room for, tells everybody to come back later. Both look to workers as if it were away.
const (
	// logEvery is how often the initializer looks whether its log still takes messages.
	logEvery = 500 * time.Millisecond
	// logFullMost is how long the log may be at its limit: what is gathered meanwhile makes room.
	logFullMost = 10 * time.Second
)

// watchLog returns an error when the log gives up, until ctx ends. Workers would try to reach it for ever.
func (in *Initializer) watchLog(ctx context.Context) error {
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	says := new(logSays)
	in.server.SetLoggerV2(says, false, false, false)
	room := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			failed := says.failed.Load()
			switch {
			case failed != nil:
				return fmt.Errorf("log in %s: %w: %s", in.Folder.Work(), ErrLogFailed, *failed)
			case !in.server.JetStreamEnabled():
				return fmt.Errorf("log in %s: %w", in.Folder.Work(), ErrLogFailed)
			case !atLimit(in.server):
				room = now
			case now.Sub(room) > logFullMost:
				return fmt.Errorf("log in %s: %w: it has been at its limit for %v", in.Folder.Work(), ErrLogFailed, logFullMost)
			}
		}
	}
}

// atLimit reports whether the log has no room for another message of the largest size.
func atLimit(s *server.Server) bool {
	info, err := s.Jsz(nil)
	return err == nil && info.Config.MaxStore > 0 && info.Store+maxPayload > uint64(info.Config.MaxStore) // it has an error where it is off
}

// logSays hears what the log's server says of itself: that it could not write, it tells nobody else.
type logSays struct {
	failed atomic.Pointer[string]
}

// writeFailed begins what the server says when it could not write, and will not again.
const writeFailed = "Critical write error: "

// Errorf takes note of a write that went wrong.
func (l *logSays) Errorf(format string, v ...any) {
	if _, why, ok := strings.Cut(fmt.Sprintf(format, v...), writeFailed); ok {
		l.failed.CompareAndSwap(nil, &why)
	}
}

// Fatalf is an error, too: what it is about ends nothing here.
func (l *logSays) Fatalf(format string, v ...any) { l.Errorf(format, v...) }

// The rest is of no interest to whoever runs a job.
func (*logSays) Noticef(string, ...any) {}
func (*logSays) Warnf(string, ...any)   {}
func (*logSays) Debugf(string, ...any)  {}
func (*logSays) Tracef(string, ...any)  {}
