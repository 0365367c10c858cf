package worker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Replica says where one replica of a run's log is reached.
type Replica struct {
	Name    string `json:"name"`    // of its host
	Clients string `json:"clients"` // HOST:PORT for those who use the log
	Peers   string `json:"peers"`   // HOST:PORT for the other replicas
}

// A replica that is silent for peerPings times peerPing counts as one that does not answer.
const (
	peerPing  = time.Second
	peerPings = 3
)

// account is the one that everything in the log belongs to: NATS' own, where there are no others.
const account = "$G"

// replica is the replica of the log that this process holds. It outlives the initializers that use it.
type replica struct {
	name   string
	of     int // replicas in all
	server *server.Server
	listen string
	tls    *tls.Config // of the server, for clients

	mu       sync.Mutex
	minority time.Time // since when fewer than a majority answer; zero while enough do
}

// openReplica starts the replica that an appointment gives to the host of that name.
func openReplica(ctx context.Context, a Appointment, name, token string) (*replica, error) {
	at := slices.IndexFunc(a.Replicas, func(r Replica) bool { return r.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("replica %s: there is none of that name", name)
	}
	own := a.Replicas[at]
	clients, err := a.Identity.TLS()
	if err != nil {
		return nil, err
	}
	peers, err := a.Identity.mutualTLS()
	if err != nil {
		return nil, err
	}
	host, text, err := net.SplitHostPort(own.Peers)
	if err != nil {
		return nil, fmt.Errorf("listen %q: %w", own.Peers, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("listen %q: %w", own.Peers, err)
	}
	if err := readyForFirstVote(ctx, a, name, token); err != nil {
		return nil, err
	}
	if err := free(own.Peers); err != nil {
		return nil, err
	}
	r := &replica{name: name, of: len(a.Replicas), listen: own.Clients, tls: clients, minority: time.Now()}
	r.server, err = startServer(a.Log, own.Clients, token, clients, a.Sync, func(o *server.Options) {
		o.ServerName = name
		o.Cluster = server.ClusterOpts{
			Name: clusterName(a), Host: host, Port: port, Username: serverName, Password: token, TLSConfig: peers, TLSTimeout: 10,
			NoAdvertise: true, PingInterval: peerPing, MaxPingsOut: peerPings,
		}
		for _, other := range a.Replicas { // itself, too: how many there are is what elections go by
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: other.Peers, User: url.UserPassword(serverName, token)})
		}
	})
	return r, err
}

// clusterName is what the replicas of a run call what they are together.
func clusterName(a Appointment) string { return "flashmob-" + a.Run.ID }

// leads reports whether the replicas have elected this one to lead the stream of batches: its process is the initializer.
func (r *replica) leads() bool { return r.server.JetStreamIsStreamLeader(account, batchStream) }

// close ends the replica, and leaves what it holds on the disk.
func (r *replica) close() {
	r.server.Shutdown()
	r.server.WaitForShutdown()
}

// Quorum says how many replicas of a run's log answer one of them, that one included.
type Quorum struct {
	Host    string    // of the one that says so
	Answer  int       // of them
	Of      int       // in all
	Missing time.Time // since when there is no majority; zero where there is one
	Behind  bool      // Host lacks some of what the others have: it does not make up for the loss of one of them yet
}

// quorum counts the replicas that answer.
func (r *replica) quorum() Quorum {
	q := Quorum{Host: r.name, Answer: 1 + r.server.NumRemotes(), Of: r.of, Behind: r.behind()}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case 2*q.Answer > q.Of:
		r.minority = time.Time{}
	case r.minority.IsZero():
		r.minority = time.Now()
	}
	q.Missing = r.minority
	return q
}

// behind reports whether the replica lacks some of what the others have.
func (r *replica) behind() bool {
	if !r.server.JetStreamIsCurrent() {
		return true
	}
	for _, name := range []string{batchStream, partStream, bodyStream, exchangeStream, bucketPrefix + specBucket, bucketPrefix + snapshotBucket} {
		if r.server.JetStreamIsStreamAssigned(account, name) && !r.server.JetStreamIsStreamCurrent(account, name) {
			return true
		}
	}
	return false
}

// Waits says what a run waits for whose log has no majority, or that has no initializer yet.
func (q Quorum) Waits() string {
	switch {
	case q.Of == 0:
		return "for a replica of the log to answer"
	case q.Missing.IsZero():
		return fmt.Sprintf("for the replicas of the log to elect one: %d of %d answer", q.Answer, q.Of)
	}
	return fmt.Sprintf("for a majority of the replicas: %d of %d answer, since %v", q.Answer, q.Of, time.Since(q.Missing).Round(time.Second))
}

// report says when the majority goes and comes, and the longer it is away, the more rarely that it still is.
type report struct {
	log  *slog.Logger
	next time.Duration
}

// firstReport is how long there is no majority before that is worth a word.
const firstReport = 2 * time.Second

func (r *report) look(q Quorum) {
	switch {
	case q.Missing.IsZero() && r.next > firstReport:
		r.log.Info("a majority of the replicas answers again: the run goes on", "answer", q.Answer, "of", q.Of)
		r.next = firstReport
	case !q.Missing.IsZero() && time.Since(q.Missing) > r.next:
		r.log.Warn("waits " + q.Waits())
		r.next *= 2
	}
}

// ErrReplicas says that a log cannot have that many replicas.
var ErrReplicas = errors.New("must be 1, 3 or 5: an even number survives no more than the odd one below it")

// MostReplicas is how many replicas a log has at the most: one that is looked for is on one of the first so many hosts that
// process.
const MostReplicas = 5

// CheckReplicas returns an error unless a log can have that many replicas.
func CheckReplicas(n int) error {
	if n != 1 && n != 3 && n != 5 {
		return fmt.Errorf("replicas %d: %w", n, ErrReplicas)
	}
	return nil
}
