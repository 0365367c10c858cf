package orchestrator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"flashmob/internal/scratch"
	"flashmob/inventory"
	"flashmob/manifest"
	"flashmob/timeline"
	"flashmob/worker"
)

// ClusterConfig is what a run on the hosts of an inventory is to be.
type ClusterConfig struct {
	// Inventory is the hosts. One must be the initializer.
	Inventory inventory.Inventory
	// Reread returns the inventory as it is now: hosts that are new in it join the run. Defaults to nil: none do.
	Reread func() (inventory.Inventory, error)
	// Ended asks whoever knows how a host was ended that says nothing any more; empty says that it was not. Defaults to nil: only
	// its silence tells.
	Ended func(ctx context.Context, host string) (how string, err error)
	// Identity says what determines the results. Its ID is left empty.
	Identity manifest.Run
	// Output is the result folder, here.
	Output string
	// Attach follows the run that was begun in Output, which goes on in the cluster.
	Attach bool
	// Resume goes on with the run that was begun in Output and is gone: here, on hosts that need know nothing of it.
	Resume bool
	// By says who begins the run, for others who find the hosts busy with it. Defaults to nothing.
	By string
	// Replaces is the ID of a run that this one takes the place of: it is stopped if it goes on on the hosts. Defaults to
	// none.
	Replaces string
	// Evict stops whatever other run goes on on the hosts. Defaults to false: then this one is refused (BusyError).
	Evict bool
	// Flow makes the application's flow. Defaults to nil: a run that is resumed is one without keyed stages.
	Flow worker.MakeFlow
	// Env are variables for the programs that the flow starts, NAME=VALUE. Defaults to none.
	Env []string
	// BatchRows fixes the records in a batch. Defaults to 0: batches size themselves.
	BatchRows int
	// Files are files and folders that every host gets into the run's working folder.
	Files []string
	// Setup are shell commands that every host runs in the run's working folder before its worker starts.
	Setup []string
	// Detach leaves the run to itself once its input is in the cluster and its hosts are at work: Run returns ErrDetached.
	Detach bool
	// Sync lets the initializer's disk have everything before anybody is told that it is kept, so that a host that loses power
	// has lost nothing of the run. Defaults to false: then a crash of its processes loses nothing.
	Sync bool
	// AckWait is how long a batch may go without a sign of life from its worker before another gets it. Defaults to
	// worker.AckWait.
	AckWait time.Duration
	// SnapshotEvery is how often owners of keys take snapshots at least, where there is anything new. Defaults to
	// worker.SnapshotEvery.
	SnapshotEvery time.Duration
	// Replicas is how many hosts have the log, the first that process: 1, 3 or 5. Defaults to 1, the initializer.
	Replicas int
	// Tied lets the processes end with this one, however that ends, and leave nothing on hosts that are this machine: other
	// runs may go on beside this one there. Defaults to false: the run outlives its operator.
	Tied bool
	// Slots is how many slots there are, on all hosts together. Defaults to 0: one a core of every host.
	Slots int
	// MinHosts is how many hosts must come up to process; the run ends with ErrTooFewHosts when that cannot be any more.
	// Defaults to 1, the initializer.
	MinHosts int
	// Rekey gives a host the key that takes the place of the one in its user data (inventory.Host.NextHostKey): it calls
	// install with the private key, which returns when the host has shown it, and then pins it. It is called at first
	// contact, of several hosts at once. Defaults to nil: hosts keep their keys.
	Rekey func(host string, install func(private string) error) error
	// WorkerProgram returns the path of the worker's binary for an architecture.
	WorkerProgram func(arch string) (string, error)
	// Page is called once the metrics host shows the run, with what connects to the page there. Defaults to nil.
	Page func(dial func(ctx context.Context) (net.Conn, error))
	// Tell returns what the operator says of the run to those who watch it, as something that becomes JSON; it gets what
	// happened when. Defaults to nil: nothing.
	Tell func(spans []timeline.Span) any
	// ConnectWait is how long a host may take to answer before it is given up. Defaults to two minutes.
	ConnectWait time.Duration
	// Port is the log's, on the initializer. Defaults to 4222, or a free one where the initializer is this machine.
	Port int
	// Log receives what the operator should know. Defaults to nothing.
	Log *slog.Logger
}

func (c *ClusterConfig) check() error {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.ConnectWait == 0 {
		c.ConnectWait = connectWait
	}
	c.MinHosts, c.Replicas = max(c.MinHosts, 1), max(c.Replicas, 1)
	if err := worker.CheckReplicas(c.Replicas); err != nil {
		return err
	}
	if err := c.Inventory.Check(); err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	initializer, ok := c.Inventory.Initializer()
	if !ok {
		return errors.New("inventory: no host in the group initializer")
	}
	if c.Port == 0 {
		c.Port = logPort
	}
	if initializer.IsLocal() && c.Port == logPort { // others may run here, too
		var err error
		if c.Port, err = freePortOf(initializer.Inside()); err != nil {
			return err
		}
	}
	if n := len(c.Inventory.Processing()); c.Replicas > n {
		return fmt.Errorf("%w: the inventory has %d that process, %d are to hold a replica of the log", ErrTooFewHosts, n, c.Replicas)
	} else if c.MinHosts > n {
		return fmt.Errorf("%w: the inventory has %d that process, at least %d are needed", ErrTooFewHosts, n, c.MinHosts)
	}
	return nil
}

// logPort is the log's usual port.
const logPort = 4222

// Cluster is one run on the hosts of an inventory. Make it with NewCluster and Run it once.
type Cluster struct {
	ClusterConfig
	folder   *manifest.Folder
	done     []manifest.Part // of earlier sittings
	parcels  parcels
	bundle   *parcel // of Files; nil if there are none
	mothers  mothers
	uploaded atomic.Int64 // bytes of parcels that went over the operator's link
	token    string
	identity worker.Identity
	draining chan struct{}
	vacant   chan struct{} // closed when no other run goes on on the initializer
	status   atomic.Pointer[worker.Status]
	heard    atomic.Int64 // when the status came last, nanoseconds after opened: a clock that nobody sets
	opened   time.Time
	fed      chan struct{} // closed when nothing of the input has to be brought any more
	fedOnce  sync.Once
	keeping  sync.WaitGroup // hosts awake
	stdin    func() *replay
	lanes    timeline.Timeline
	replicas []worker.Replica // of the log; none where there is one log

	mu       sync.Mutex
	standing map[string]bool // hosts whose replica of the log was started
	led      string          // the host whose replica leads, where there are several
	remotes  []*remote
	phases   []manifest.Phase
	phasedTo time.Time // when the last of them was over
	fedAt    time.Time
	boots    []time.Duration // that hosts of this run took to answer
}

// NewCluster returns a run that is ready to start.
func NewCluster(config ClusterConfig) (*Cluster, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	identity, err := worker.NewIdentity()
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		ClusterConfig: config, token: rand.Text(), identity: identity, draining: make(chan struct{}), fed: make(chan struct{}),
		vacant: make(chan struct{}), standing: map[string]bool{}, opened: time.Now(),
	}
	c.parcels.program = config.WorkerProgram
	c.stdin = sync.OnceValue(func() *replay { return newReplay(os.Stdin, replayMost) })
	c.mothers.first = make(chan struct{})
	if c.replicas, err = layOut(c.ClusterConfig); err != nil {
		return nil, err
	}
	return c, nil
}

// Run brings the run to its end and returns its manifest.
//
// Every host goes through its own phases (boot, connect, upload, setup, start) as fast as it can; the run begins when the
// initializer is up, and hosts that come later join it. A host that does not come up is reported, and done without; one
// that is another than the pinned one ends the run.
func (c *Cluster) Run(ctx context.Context) (m *manifest.Manifest, err error) {
	if err := c.openFolder(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, distrust(c.folder, err), c.folder.Close()) }()
	if len(c.Files) > 0 {
		dir, err := scratch.New("flashmob-files-")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, dir.Remove()) }()
		if c.bundle, err = bundleFiles(c.Files, dir.Path); err != nil {
			return nil, err
		}
	}
	defer c.disconnect()
	c.lanes.Begin(timeline.RunLane, "start")
	defer c.lanes.EndAll()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	raising, enough := context.WithCancel(ctx)
	crew := c.raiseAll(raising, fail)
	defer enough()
	err = c.work(ctx, crew)
	enough()
	crew.wait() // so that no worker is started behind stop's back
	c.keeping.Wait()
	cause := context.Cause(ctx)
	if errors.Is(cause, ErrHostKey) || err != nil && errors.Is(cause, ErrTooFewHosts) {
		err = cause
	}
	busy := new(BusyError)
	switch {
	case errors.Is(err, ErrCutOff), errors.Is(err, ErrDetached), c.Resume && errors.As(err, &busy), c.Attach && errors.Is(err, ErrHostKey):
		return nil, err // a run that goes on without us is left to go on
	case errors.As(err, &busy): // nothing here is this run's
		c.stop(ctx, false)
		return nil, err
	case err != nil:
		err = c.keepLogs(ctx, err)
		c.stop(ctx, false)
		return nil, err
	}
	if m, err = c.folder.Finish(c.Phases()); err != nil {
		return nil, err
	}
	begun := time.Now()
	c.lanes.Begin(timeline.RunLane, "stop")
	c.stop(ctx, true)
	c.took("stop", begun)
	return m, nil
}

// HostError is an error of one host.
type HostError struct {
	Host string
	Err  error
}

func (e *HostError) Error() string { return e.Host + ": " + e.Err.Error() }
func (e *HostError) Unwrap() error { return e.Err }

// openFolder begins the run's folder here, or finds the run to attach to.
func (c *Cluster) openFolder() (err error) {
	if c.Attach {
		c.folder, err = manifest.Resume(c.Output)
		return err
	}
	if c.Resume {
		return c.resumeFolder()
	}
	if err := os.RemoveAll(filepath.Join(c.Output, manifest.LogsFolder)); err != nil { // of a run that failed
		return err
	}
	c.Identity.ID = newRunID(time.Now())
	c.folder, err = manifest.Create(c.Output, c.Identity)
	return err
}

// runFolder is where the run's files are on a host, under the login's home.
func (c *Cluster) runFolder() string { return path.Join(".flashmob/runs", c.folder.Run.ID) }

// tookOf keeps how long a phase of the initializer took; the other hosts' overlap with the work.
func (c *Cluster) tookOf(host inventory.Host, phase string, begun, ended time.Time) {
	if host.Role == inventory.Initializer && !c.tookBefore(phase) {
		c.tookUntil(phase, begun, ended)
	}
}

// tookBefore reports whether a phase is over already: a host that comes back goes through some once more.
func (c *Cluster) tookBefore(phase string) bool {
	return slices.ContainsFunc(c.Phases(), func(p manifest.Phase) bool { return p.Name == phase })
}

func (c *Cluster) took(phase string, begun time.Time) { c.tookUntil(phase, begun, time.Now()) }

func (c *Cluster) tookUntil(phase string, begun, ended time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phases = append(c.phases, manifest.Phase{Name: phase, Seconds: ended.Sub(begun).Seconds()})
	c.phasedTo = ended
}

// Phases returns the phases that are over, and how long they took.
func (c *Cluster) Phases() []manifest.Phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]manifest.Phase{}, c.phases...)
}

// Status returns how far the run is, and false until that is known.
func (c *Cluster) Status() (worker.Status, bool) {
	if s := c.status.Load(); s != nil {
		return *s, true
	}
	return worker.Status{}, false
}

// Drain ends the run early: nothing more is handed out, what is under way is finished. Call it once.
func (c *Cluster) Drain() { close(c.draining) }

// disconnect closes all connections.
func (c *Cluster) disconnect() {
	c.mothers.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.remotes {
		r.close()
	}
}
