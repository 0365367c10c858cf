package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// The replicas of a log that is new elect somebody only when all of them vote for the same one. Each asks for votes once, within
// the first second of its life, and then no sooner than 4 to 9 seconds later. Of replicas that come up one after the other
// none would have all votes the first time. So only one of them asks, the first of the list, and it comes up last. The others
// come up as if they had been there before: those wait to be asked.

// callWait is how long the replica that asks waits for others that do not come up, once most are there: it may be one that has
// lost its disk, and another is lost.
const callWait = 20 * time.Second

// callEvery is how often it looks whether they are there.
const callEvery = 20 * time.Millisecond

// readyForFirstVote returns when the server of this host's replica may start, so that the first vote succeeds. A log that has been
// there before has had its first vote.
func readyForFirstVote(ctx context.Context, a Appointment, name, token string) error {
	if _, err := os.Stat(filepath.Join(a.Log, server.JetStreamStoreDir)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if name != a.Replicas[0].Name {
		return leaveTraces(a, name, token)
	}
	var since time.Time
	missing := slices.Clone(a.Replicas[1:])
	for {
		missing = slices.DeleteFunc(missing, func(r Replica) bool { return listens(r.Peers) })
		if 2*len(missing) >= len(a.Replicas) {
			since = time.Now()
		}
		if len(missing) == 0 || time.Since(since) > callWait {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(callEvery):
		}
	}
}

// listens reports whether somebody is there to connect to.
func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	return err == nil && c.Close() == nil
}

// leaveTraces makes a new log into one that has been there before.
func leaveTraces(a Appointment, name, token string) error {
	s, err := startServer(a.Log, "127.0.0.1:0", token, nil, a.Sync, func(o *server.Options) {
		o.ServerName = name
		o.Cluster = server.ClusterOpts{Name: clusterName(a), Host: "127.0.0.1", Port: server.RANDOM_PORT}
		for range a.Replicas { // how many there are is what counts: it is to meet nobody
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: "127.0.0.1:1"})
		}
	})
	if err != nil {
		return fmt.Errorf("prepare log: %w", err)
	}
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}
