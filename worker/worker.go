package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"flashmob/input"
)

// Config is what a Worker is told.
type Config struct {
	// Name is the worker's name in logs and reports. Defaults to "worker".
	Name string
	// Slots is how many batches it processes at once. Defaults to the number of cores.
	Slots int
	// URL is the initializer's address, nats://host:port.
	URL string
	// Token is the run's password.
	Token string
	// CA is the certificate, in PEM, that the initializer's must be signed with. Defaults to none: no TLS.
	CA []byte
	// Version is the program's version; the initializer's must be the same.
	Version string
	// Flow makes the application's flow.
	Flow MakeFlow
	// Env are variables for the programs that the flow starts, NAME=VALUE. Defaults to none beside the process's own.
	Env []string
	// Access are the addresses of remote inputs, by their names, where those are not their names. Defaults to none.
	Access map[string]string
	// Stderr takes what those programs say on standard error, some of it. Defaults to nobody.
	Stderr io.Writer
	// External is the address that the run can be asked to end at, HOST:PORT. Defaults to none.
	External string
	// Drain, once closed, makes the worker finish what it holds and leave. Defaults to nil: it stays to the end.
	Drain <-chan struct{}
	// InitializerWait is how long the worker looks for an initializer that does not answer before it leaves. Defaults to
	// the constant InitializerWait.
	InitializerWait time.Duration
	// Restarts is how often the process was started again after a crash, Crashed when it had to be last. Defaults to never.
	Restarts int
	Crashed  time.Time
	// Log receives what the worker has to say. Defaults to nothing.
	Log *slog.Logger
}

// check fills in the defaults and returns what is wrong with the rest.
func (c *Config) check() error {
	if c.Name == "" {
		c.Name = "worker"
	}
	if c.Slots == 0 {
		c.Slots = runtime.GOMAXPROCS(0)
	}
	if c.InitializerWait == 0 {
		c.InitializerWait = InitializerWait
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.Slots < 0:
		return fmt.Errorf("slots %d: must be 1 or more", c.Slots)
	case c.Flow == nil:
		return errors.New("worker: no application")
	}
	return nil
}

// ErrVersion says that worker and initializer are not of one build.
var ErrVersion = errors.New("versions differ")

// Run processes batches until the run is over or ctx ends. A worker that loses its initializer looks for it again for
// Config.InitializerWait, then leaves with ErrAlone. One that is drained leaves with ErrLeft.
func Run(ctx context.Context, config Config) error {
	if err := config.check(); err != nil {
		return err
	}
	nc, err := connect(config)
	if err != nil {
		return err
	}
	defer nc.Close()
	ctx, giveUp := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		giveUpAlone(ctx, nc, config.InitializerWait, giveUp)
	}()
	err = run(ctx, config, nc, nil)
	if cause := context.Cause(ctx); errors.Is(cause, ErrAlone) {
		err = cause
	}
	giveUp(nil)
	<-watched
	return err
}

// connect returns a connection to the initializer, which need not be there yet.
func connect(config Config) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Token(config.Token), nats.Name(config.Name), nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond),
		nats.RetryOnFailedConnect(true), quietly(config.Log),
	}
	if config.CA != nil {
		trust, err := trustOnly(config.CA)
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Secure(trust))
	}
	if strings.Contains(config.URL, ",") { // of a replica that is cut off, nothing else tells
		options = append(options, nats.PingInterval(peerPing), nats.MaxPingsOutstanding(peerPings))
	}
	nc, err := nats.Connect(config.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to initializer %s: %w", config.URL, err)
	}
	return nc, nil
}

// quietly lets a connection say to a log what it would else print: that a request was lost with the log, for one. Whoever
// waits for the answer sees that, and asks again.
func quietly(log *slog.Logger) nats.Option {
	return nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Debug("connection to log", "err", err) })
}

// membership is what a process knows that has joined a run.
type membership struct {
	js     jetstream.JetStream
	bucket jetstream.KeyValue
	spec   Spec
	ended  *nats.Subscription // gets a message when the run is over
	over   bool               // it is over already
}

// join joins the run, waiting for as long as ctx lasts for an initializer that is not there yet.
func join(ctx context.Context, config Config, nc *nats.Conn) (m membership, err error) {
	if m.js, err = jetstream.New(nc); err != nil {
		return m, fmt.Errorf("connect to log: %w", err)
	}
	if m.ended, err = nc.SubscribeSync(endSubject); err != nil {
		return m, fmt.Errorf("subscribe %s: %w", endSubject, err)
	}
	if m.bucket, m.spec, err = fetchSpec(ctx, m.js, config.Drain); err != nil {
		return m, err
	}
	// The subscription is in force before the key is looked for: one of the two tells that the run is over.
	if err := nc.Flush(); err != nil {
		return m, fmt.Errorf("subscribe %s: %w", endSubject, err)
	}
	err = insist(ctx, config.Log, "join run", func() error {
		_, err := m.bucket.Get(ctx, overKey)
		return err
	})
	if err == nil {
		m.over = true
		return m, nil
	} else if !errors.Is(err, jetstream.ErrKeyNotFound) {
		return m, fmt.Errorf("join run %s: %w", m.spec.Run.ID, err)
	}
	input.Grant(m.spec.Run.Inputs, config.Access)
	if m.spec.Run.Version != config.Version {
		return m, fmt.Errorf("join run %s: %w: initializer is %s, worker is %s", m.spec.Run.ID, ErrVersion, m.spec.Run.Version, config.Version)
	}
	return m, nil
}

// run is Run over an open connection. shared is the depot of the process, nil where the run's is a folder.
func run(ctx context.Context, config Config, nc *nats.Conn, shared depot) error {
	m, err := join(ctx, config, nc)
	if err != nil || m.over {
		return err
	}
	js, spec := m.js, m.spec
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	group, ctx := errgroup.WithContext(ctx)
	switch {
	case shared != nil:
	case spec.Depot == inLog:
		shared, err = newLogDepot(ctx, js, config.Log)
	default:
		shared, err = newFolder(spec.Depot)
	}
	if err != nil {
		return err
	}
	w := &worker{Config: config, nc: nc, js: js, spec: spec, depot: shared, bucket: m.bucket, ranges: new(input.Ranges), held: newWindow(),
		parts: make(chan struct{}), bare: make(chan struct{})}
	for range w.Slots {
		w.lanes = append(w.lanes, newLanes())
	}
	w.meters = newMeters(w.Slots, time.Now())
	defer w.ranges.Close()
	group.Go(func() error {
		if _, err := m.ended.NextMsgWithContext(ctx); err == nil {
			leave(errRunOver)
		}
		return nil
	})
	drain := make(chan struct{})
	w.Drain = drain
	group.Go(func() error { return w.heedLeave(ctx, config.Drain, drain) })
	group.Go(func() error { return w.work(ctx, leave) })
	if w.External != "" {
		group.Go(func() error {
			ask := func() { _ = nc.Publish(drainSubject, nil) } // who asked sees whether the run ends
			return serveExternal(ctx, w.External, answers{ask, func() any { return Beat{Worker: w.Name, Slots: w.Slots, Busy: int(w.busy.Load())} }, w.passShrink})
		})
	}
	err = group.Wait()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errRunOver):
		return nil
	case errors.Is(cause, ErrLeft):
		return ErrLeft
	}
	return err
}

var errRunOver = errors.New("the run is over")

// fetchSpec reads what the run is, waiting for as long as ctx lasts for an initializer that is not there yet.
func fetchSpec(ctx context.Context, js jetstream.JetStream, drain <-chan struct{}) (bucket jetstream.KeyValue, spec Spec, err error) {
	for {
		bucket, err = js.KeyValue(ctx, specBucket)
		var entry jetstream.KeyValueEntry
		if err == nil {
			entry, err = bucket.Get(ctx, specKey)
		}
		if err == nil {
			if err := json.Unmarshal(entry.Value(), &spec); err != nil {
				return nil, spec, fmt.Errorf("fetch spec: %w", err)
			}
			return bucket, spec, nil
		}
		select {
		case <-ctx.Done():
			return nil, spec, fmt.Errorf("fetch spec: %w", errors.Join(context.Cause(ctx), err))
		case <-drain:
			return nil, spec, ErrLeft
		case <-time.After(50 * time.Millisecond):
		}
	}
}
