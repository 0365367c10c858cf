package worker

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"flashmob/flow"
	"flashmob/manifest"
)

// InitializerConfig is what an Initializer is told.
type InitializerConfig struct {
	// Folder is where the results go, new or resumed.
	Folder *manifest.Folder
	// Flow makes the application's flow.
	Flow MakeFlow
	// Listen is the address that workers of other processes reach it at, port 0 for any. Defaults to none: all slots are
	// in this process.
	Listen string
	// Token is the run's password for those workers.
	Token string
	// TLS is how the log proves who it is to workers on other hosts. Defaults to none: all workers are on this machine,
	// and share its file system.
	TLS *tls.Config
	// Uplink brings the bytes of inputs that are not on this machine. Defaults to none: inputs are opened here.
	Uplink Uplink
	// BatchRows fixes the records in a batch. Defaults to 0: batches size themselves.
	BatchRows int
	// Slots is how many slots to expect until the workers have said how many there are. Defaults to 1.
	Slots int
	// Hosts is how many workers to expect, with about as many slots each. Defaults to 1.
	Hosts int
	// Sink is the address that result lines are sent to besides, HOST:PORT; for flows that put out results on each update.
	// Defaults to none.
	Sink string
	// External is the address that the run can be asked to end at, HOST:PORT. Defaults to none.
	External string
	// By says who begins the run, for others who ask. Defaults to nothing.
	By string
	// AckWait is how long a batch may go without a sign of life from its worker before another gets it. Defaults to the
	// constant AckWait.
	AckWait time.Duration
	// SnapshotEvery is how often owners of keys take snapshots at least, where there is anything new. Defaults to the constant
	// SnapshotEvery.
	SnapshotEvery time.Duration
	// Restarts is how often the initializer's process was started again after a crash, Crashed when it had to be last.
	// Defaults to never.
	Restarts int
	Crashed  time.Time
	// Log receives what the initializer has to say. Defaults to nothing.
	Log *slog.Logger

	replica *replica // that this process holds of the log; nil where the log is this initializer's alone
}

// Initializer runs the log of a run, feeds it, and gathers. Open it, Run it once, Close it.
type Initializer struct {
	InitializerConfig
	flow    *flow.Flow
	server  *server.Server
	nc      *nats.Conn
	js      jetstream.JetStream
	bucket  jetstream.KeyValue
	depot   depot
	abandon context.CancelFunc // ends waiting for a depot in a log that does not answer; nil without one
	sizer   sizer
	pace    pace
	sent    jetstream.PubAckFuture // of the batch that was handed out last
	window  *window
	gather  *gatherer
	keyed   *keyed                 // nil without keyed stages
	own     atomic.Pointer[string] // the name of the worker in this process; nil where there is none
	crew    crew
	spans   *spans
	events  *incidents
	behind  atomic.Bool // owners have more to take in than they should
	sink    *sink
	left    *left  // by an initializer that crashed; nil where there was none
	kept    *head  // what the feeder has learned
	place   Place  // just past the batch that was handed out last
	last    uint64 // message of the stream of batches, where others might hand out, too
	term    term
	wall    func(now time.Time) time.Time // what the machine's clock shows
	drain   chan struct{}
	once    sync.Once

	halting sync.Once
	closing sync.Once
	closed  error

	mu     sync.Mutex
	status Status
	told   json.RawMessage
	parts  []manifest.Part // in the folder
	moved  chan struct{}   // closed and replaced when there are more
}

// ErrDrained says that a run was stopped before its end, with everything that was under way brought to its end.
var ErrDrained = errors.New("drained before the end of the input")

// Open starts the log and tells it what the run is.
func Open(ctx context.Context, config InitializerConfig) (*Initializer, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.AckWait == 0 {
		config.AckWait = AckWait
	}
	in := newInitializer(config)
	run := config.Folder.Run
	var err error
	if in.flow, err = flowOf(run, config.Flow); err != nil {
		return nil, err
	}
	if in.replica != nil {
		in.server = in.replica.server
	} else if in.server, err = startServer(filepath.Join(config.Folder.Work(), logFolder), config.Listen, config.Token, config.TLS, config.Folder.Sync); err != nil {
		return nil, err
	}
	if err := in.prepare(ctx); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// newInitializer returns an Initializer that has no log yet.
func newInitializer(config InitializerConfig) *Initializer {
	in := &Initializer{InitializerConfig: config, window: newWindow(), drain: make(chan struct{}), wall: wallClock, place: front, moved: make(chan struct{}), parts: config.Folder.Parts}
	in.spans, in.events = newSpans(), new(incidents)
	in.crew.events, in.crew.more = in.events, in.window.stir // who waits for room looks again
	if config.Restarts > 0 {
		in.events.add(Incident{At: config.Crashed, Kind: IncidentRestarted, Reason: "the initializer's process crashed"}, int64(config.Restarts))
	}
	return in
}

// prepare makes the streams and leaves the spec for the workers.
func (in *Initializer) prepare(ctx context.Context) error {
	var err error
	if in.nc, err = dialInProcess(in.server, in.Token, "initializer", in.Log); err != nil {
		return err
	}
	if in.js, err = jetstream.New(in.nc); err != nil {
		return fmt.Errorf("connect to log: %w", err)
	}
	if in.bucket, err = in.makeBucket(ctx, specBucket); err != nil {
		return err
	}
	if err := in.begins(ctx); err != nil {
		return err
	}
	spec, found, err := in.findSpec(ctx)
	if err != nil {
		return err
	}
	if !found {
		spec = Spec{Run: in.Folder.Run, Partitions: partitionsOf(in.flow, in.Slots), AckWait: in.AckWait, SnapshotEvery: cmp.Or(in.SnapshotEvery, SnapshotEvery)}
		if in.replica != nil {
			spec.Replicas = in.replica.of
		}
	}
	in.keyed = newKeyed(in.flow, spec.Partitions)
	if spec.Depot, err = in.makeDepot(ctx); err != nil {
		return err
	}
	if in.gather, err = newGatherer(in.Folder, in.depot, in.begin); err != nil {
		return err
	}
	in.gather.refuse, in.gather.keep = in.refused, in.replica != nil
	if in.gather.scattered != nil {
		in.gather.scattered.leads = !in.flow.HasOperator()
	}
	if in.Sink != "" {
		if in.keyed == nil || !in.keyed.stages[0].OnUpdate() {
			return fmt.Errorf("sink %s: %w: %s", in.Sink, ErrNoLines, in.Folder.Run.App)
		}
		in.sink = newSink(in.Sink, in.Log)
		in.gather.tell = in.sink.write
	}
	in.status = newStatus(in.Folder)
	in.status.By, in.status.Restarts, in.status.Crashed = in.By, in.Restarts, in.Crashed
	in.status.Term, in.status.Host = in.term.Number, in.term.Host
	if in.keyed != nil {
		in.status.Exchange = newExchange(in.keyed.stages)
	}
	for _, config := range []jetstream.StreamConfig{batches, in.partsConfig()} {
		if _, err := in.makeStream(ctx, config); err != nil {
			return err
		}
	}
	if err := in.makeBatchConsumer(ctx); err != nil {
		return fmt.Errorf("create consumer %s: %w", batchConsumer, err)
	}
	if err := in.prepareKeyed(ctx); err != nil {
		return err
	}
	if found {
		if err := in.recall(ctx); err != nil {
			return err
		}
		return in.pickUp(ctx)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encode spec: %w", err)
	}
	if _, err := in.bucket.Create(ctx, specKey, text); err != nil {
		return fmt.Errorf("publish spec: %w", err)
	}
	return nil
}

// makeDepot makes the depot that fits where the workers are, and returns what the spec says of it.
func (in *Initializer) makeDepot(ctx context.Context) (name string, err error) {
	switch {
	case in.Listen == "":
		in.depot = newMemory()
	case in.TLS == nil:
		if name, err = filepath.Abs(filepath.Join(in.Folder.Work(), "depot")); err != nil {
			return "", fmt.Errorf("depot: %w", err)
		}
		in.depot, err = newFolder(name)
	default:
		name = inLog
		if _, err = in.makeStream(ctx, bodies); err == nil {
			ctx, in.abandon = context.WithCancel(ctx)
			in.depot, err = newLogDepot(ctx, in.js, in.Log)
		}
	}
	return name, err
}

// URL returns the address that workers reach the initializer at.
func (in *Initializer) URL() string { return in.server.ClientURL() }

// Work runs a worker in this process until the run is over.
func (in *Initializer) Work(ctx context.Context, config Config) error {
	if err := config.check(); err != nil {
		return err
	}
	in.own.Store(&config.Name)
	nc, err := dialInProcess(in.server, in.Token, config.Name, in.Log)
	if err != nil {
		return err
	}
	defer nc.Close()
	if in.lasts() { // it opens its own, which nobody waits for longer than it works
		return run(ctx, config, nc, nil)
	}
	return run(ctx, config, nc, in.depot)
}

// Run feeds and gathers until everything is gathered, or until Drain was called and what was under way is gathered: then it
// returns ErrDrained. The folder is left open, for its owner to finish.
func (in *Initializer) Run(ctx context.Context) error {
	err := in.run(ctx)
	if in.goesOn(ctx, err) {
		return err
	}
	return errors.Join(err, in.lastWord(err))
}

// run is Run but for the last word.
func (in *Initializer) run(ctx context.Context) error {
	done := covering(in.Folder.Parts) // of earlier sittings
	if err := in.title(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if in.abandon != nil {
		defer context.AfterFunc(ctx, in.abandon)()
	}
	parts, err := in.gatherAll(ctx)
	if err != nil {
		return err
	}
	messages, err := parts.Messages(jetstream.PullMaxMessages(64))
	if err != nil {
		return fmt.Errorf("pull parts: %w", err)
	}
	helping, stop := context.WithCancel(ctx)
	arrived, fed := make(chan jetstream.Msg), make(chan feedEvent)
	group.Go(func() error { return in.crew.watch(helping, in.nc, in.Log) })
	group.Go(func() error { return in.attend(helping) })
	group.Go(func() error { return in.watchLog(helping) })
	group.Go(func() error { return in.hasten(helping) })
	group.Go(func() error { return in.watchClock(helping) })
	if in.flow.HasOperator() {
		group.Go(func() error { return in.hearFailures(helping) })
	}
	group.Go(func() error { return in.announceRun(helping) })
	if in.sink != nil {
		group.Go(func() error { return in.sink.run(ctx) })
	}
	group.Go(func() error { return in.arrive(helping, messages, arrived) })
	group.Go(func() error { return in.feed(ctx, done, fed) })
	group.Go(func() error {
		defer stop()
		defer messages.Stop()
		if in.sink != nil {
			defer in.sink.close()
		}
		if err := in.collect(ctx, arrived, fed); err != nil {
			return err
		}
		return in.dismiss(ctx)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	for _, input := range in.Folder.Run.Inputs {
		if in.Uplink != nil && !input.IsRemote() {
			continue
		}
		if err := input.Check(); err != nil {
			return err
		}
	}
	if !in.gather.finished() {
		return ErrDrained
	}
	return nil
}

// partAckWait is how long a part may wait in the gatherer's memory: for ever, in effect. Only an initializer that takes the
// place of this one is to get it again.
const partAckWait = 1000 * time.Hour

// gatherAll returns a consumer of all parts that are not settled for, those included that another one was given.
func (in *Initializer) gatherAll(ctx context.Context) (jetstream.Consumer, error) {
	if in.replica != nil { // they stay in the log, and nobody acks them
		parts, err := in.js.OrderedConsumer(ctx, partStream, jetstream.OrderedConsumerConfig{})
		if err != nil {
			return nil, fmt.Errorf("create consumer of parts: %w", err)
		}
		return parts, nil
	}
	if err := in.js.DeleteConsumer(ctx, partStream, partConsumer); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, fmt.Errorf("replace consumer %s: %w", partConsumer, err)
	}
	parts, err := in.js.CreateConsumer(ctx, partStream, jetstream.ConsumerConfig{
		Durable: partConsumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: partAckWait, MaxAckPending: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("create consumer %s: %w", partConsumer, err)
	}
	return parts, nil
}

// ErrNoLines says that an application's results do not come line by line.
var ErrNoLines = errors.New("the application does not put out results on each update")

// attend waits for somebody to ask for the end of the run, here or at one of the workers, until ctx ends.
func (in *Initializer) attend(ctx context.Context) error {
	asked, err := in.nc.Subscribe(drainSubject, func(*nats.Msg) { in.Drain() })
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", drainSubject, err)
	}
	defer asked.Unsubscribe()
	smaller, err := in.nc.Subscribe(shrinkSubject, func(msg *nats.Msg) { _ = msg.Respond(in.shrinkText(msg.Data)) }) // who asked waits only so long
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", shrinkSubject, err)
	}
	defer smaller.Unsubscribe()
	if in.External != "" {
		return serveExternal(ctx, in.External, answers{in.Drain, func() any { return in.Status() }, in.shrinkText})
	}
	<-ctx.Done()
	return nil
}

// dismiss tells the workers, those that are there and those that are still coming, that the run is over.
func (in *Initializer) dismiss(ctx context.Context) error {
	reach("over")
	if err := in.stillLeads(ctx); err != nil {
		return err
	}
	in.crew.dismissed()
	if _, err := in.bucket.Put(ctx, overKey, nil); err != nil {
		return fmt.Errorf("end run: %w", err)
	}
	if err := in.nc.Publish(endSubject, nil); err != nil {
		return fmt.Errorf("end run: %w", err)
	}
	return in.nc.Flush()
}

// Drain stops feeding; Run ends when what is under way has been gathered. It may be called more than once.
func (in *Initializer) Drain() { in.once.Do(func() { close(in.drain) }) }

// Close ends the log. What it held is lost; the folder is what remains. It may be called more than once.
func (in *Initializer) Close() error {
	in.closing.Do(func() { in.closed = in.shutDown() })
	return in.closed
}

func (in *Initializer) shutDown() error {
	in.halt()
	return in.Folder.RemoveWork()
}

// halt ends the log, and leaves what it holds on the disk where it lasts. It may be called more than once.
func (in *Initializer) halt() {
	in.halting.Do(func() {
		if in.replica != nil { // the log is others', too
			if in.nc != nil {
				in.nc.Close()
			}
			return
		}
		if in.nc != nil {
			// A server with pull requests open takes 50 ms to shut down; without consumers there are none.
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = in.js.DeleteConsumer(ctx, partStream, partConsumer) // in vain where Run was not called
			_ = in.js.DeleteConsumer(ctx, batchStream, batchConsumer)
			in.nc.Close()
		}
		in.server.Shutdown()
		in.server.WaitForShutdown()
	})
}

// begin returns the offset at which an input begins: a generated one with a header, at that.
func (in *Initializer) begin(i int) int64 {
	if in.Folder.Run.Inputs[i].IsGenerated() && in.flow.Source.HasHeader() {
		return headerRow
	}
	return 0
}
