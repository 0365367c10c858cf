package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// segment is how much of a body goes into one message of the log: large messages are the fast ones.
const segment = 1 << 20

// logDepot is the depot of a run whose workers share nothing but the log. Every process has its own value, and its own
// name in the references that it gives.
type logDepot struct {
	ctx    context.Context // of the process's work for the run: as long as the depot is used
	log    *slog.Logger
	js     jetstream.JetStream
	name   string
	next   atomic.Int64
	bodies jetstream.Stream
	wait   time.Duration // for an answer
	spares
}

// newLogDepot returns a depot in the log.
func newLogDepot(ctx context.Context, js jetstream.JetStream, log *slog.Logger) (*logDepot, error) {
	var bodies jetstream.Stream
	err := insist(ctx, log, "open depot", func() (err error) {
		bodies, err = js.Stream(ctx, bodyStream)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	wait := depotWait
	if bodies.CachedInfo().Config.Replicas > 1 {
		wait = replicaWait
	}
	return &logDepot{ctx: ctx, log: log, js: js, name: rand.Text(), bodies: bodies, wait: wait}, nil
}

const (
	// depotWait is how long the depot waits for the log's answer before it asks again.
	depotWait = 15 * time.Second
	// replicaWait is that of a log with replicas: where the one that led is lost, its answers are.
	replicaWait = 4 * time.Second
)

// Put publishes the body's segments, all at once, and waits until the log has them. What it published before the log went
// away it publishes once more: of two segments of one name the last counts, and they are the same.
func (d *logDepot) Put(body []byte) (string, error) {
	n := (len(body) + segment - 1) / segment
	id := fmt.Sprintf("%s-%d", d.name, d.next.Add(1))
	if err := insist(d.ctx, d.log, "keep body", func() error { return d.put(id, n, body) }); err != nil {
		return "", fmt.Errorf("depot: %w", err)
	}
	d.recycle(body)
	return fmt.Sprintf("%s.%d", id, n), nil
}

func (d *logDepot) put(id string, n int, body []byte) error {
	ctx, cancel := context.WithTimeout(d.ctx, d.wait)
	defer cancel()
	acks := make([]jetstream.PubAckFuture, n)
	for i := range n {
		piece := body[i*segment : min((i+1)*segment, len(body))]
		var err error
		if acks[i], err = d.js.PublishAsync(bodyOf(id, i), piece, jetstream.WithStallWait(d.wait)); err != nil {
			return err
		}
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// lagWait is how long a body that is not there is asked for again where the log has replicas: the one that answered may be
// behind the others.
const lagWait = 3 * time.Second

// fetch returns one segment of a body.
func (d *logDepot) fetch(id string, i int) (data []byte, err error) {
	begun := time.Now()
	err = insist(d.ctx, d.log, "fetch body", func() error {
		ctx, cancel := context.WithTimeout(d.ctx, d.wait)
		defer cancel()
		msg, err := d.bodies.GetLastMsgForSubject(ctx, bodyOf(id, i))
		if err == nil {
			data = msg.Data
		}
		if lagging := d.bodies.CachedInfo().Config.Replicas > 1; lagging && errors.Is(err, jetstream.ErrMsgNotFound) && time.Since(begun) < lagWait {
			return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("depot: fetch %s.%d: %w", id, i, err)
	}
	return data, nil
}

// Get fetches the segments and joins them.
func (d *logDepot) Get(ref string) ([]byte, error) {
	id, n, err := splitRef(ref)
	if err != nil {
		return nil, err
	}
	body := d.Buffer()[:0]
	for i := range n {
		data, err := d.fetch(id, i)
		if err != nil {
			return nil, err
		}
		body = append(body, data...)
	}
	return body, nil
}

// Section fetches the segments that hold the bytes.
func (d *logDepot) Section(ref string, offset, n int64) ([]byte, error) {
	id, segments, err := splitRef(ref)
	if err != nil {
		return nil, err
	}
	if offset < 0 || n < 0 || offset+n > int64(segments)*segment {
		return nil, errTorn
	}
	first := offset / segment
	var body []byte
	for i := first; i*segment < offset+n; i++ {
		data, err := d.fetch(id, int(i))
		if err != nil {
			return nil, err
		}
		body = append(body, data...)
	}
	return section(body, offset-first*segment, n)
}

// Write fetches the body and writes its head.
func (d *logDepot) Write(ref string, w *os.File, n int64) ([]byte, error) {
	body, err := d.Get(ref)
	if err != nil {
		return nil, err
	}
	return writeHead(w, body, n)
}

// Drop takes the body's segments out of the log.
func (d *logDepot) Drop(ref string) error {
	id, _, err := splitRef(ref)
	if err != nil {
		return err
	}
	err = insist(d.ctx, d.log, "drop body", func() error {
		ctx, cancel := context.WithTimeout(d.ctx, d.wait)
		defer cancel()
		return d.bodies.Purge(ctx, jetstream.WithPurgeSubject(bodySubject+"."+id+".*"))
	})
	if err != nil {
		return fmt.Errorf("depot: drop %s: %w", ref, err)
	}
	return nil
}

// Held is 0: what waits lies in the log, on disk.
func (d *logDepot) Held() int64 { return 0 }

func bodyOf(id string, i int) string { return bodySubject + "." + id + "." + strconv.Itoa(i) }

var errBadRef = errors.New("not a reference")

// splitRef takes a reference apart: what names the body, and how many segments it has.
func splitRef(ref string) (id string, n int, err error) {
	id, count, ok := strings.Cut(ref, ".")
	if n, err = strconv.Atoi(count); !ok || err != nil || n < 0 || id == "" || strings.IndexFunc(id, notOfName) >= 0 {
		return "", 0, fmt.Errorf("depot: %w: %q", errBadRef, ref)
	}
	return id, n, nil
}

// notOfName reports whether a letter is none of the names that bodies get: in a subject it might mean something.
func notOfName(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z')
}
