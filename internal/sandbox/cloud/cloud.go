package cloud

import (
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const stateFile = "state.json"

// remember is how long a terminated instance is still listed, as in EC2.
const remember = time.Hour

// Config says what a cloud is made of.
type Config struct {
	Dir      string       // holds state.json
	Region   string       // Defaults to us-west-2
	Public   netip.Prefix // the /24 that public addresses come from
	Machines Machines
	Key      string       // the access key ID that calls must be signed for. Defaults to any
	Log      *slog.Logger // Defaults to none
}

// Cloud is one account in one region. Its methods may be called concurrently.
type Cloud struct {
	config Config
	log    *slog.Logger
	file   string

	mu sync.Mutex // guards what follows; never held while a host starts
	*state
	applied map[string]wiring    // what each running host was last wired with
	late    map[string]time.Time // until when objects are kept from being listed, by ID
	closing bool

	dirty chan struct{}
	stop  chan struct{}
	tasks sync.WaitGroup
}

// Open loads the account kept in config.Dir, or makes an empty one, and takes up the hosts that still run. Hosts that
// ended meanwhile are terminated; launches that were under way boot again.
func Open(config Config) (*Cloud, error) {
	if config.Region == "" {
		config.Region = "us-west-2"
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	file := filepath.Join(config.Dir, stateFile)
	s, err := loadState(file)
	if err != nil {
		return nil, err
	}
	c := &Cloud{config: config, log: config.Log, file: file, state: s, applied: map[string]wiring{}, late: map[string]time.Time{},
		dirty: make(chan struct{}, 1), stop: make(chan struct{})}
	c.tasks.Go(c.wireLoop)
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, i := range c.Instances {
		if i.State == terminated || i.State == stopped {
			continue
		}
		switch alive := config.Machines.Adopt(id, func(off bool) { c.gone(id, off) }); {
		case !alive && i.State == pending:
			c.boot(i)
		case !alive:
			i.Reason = "Server.InternalError: the host ended while the server was away"
			c.end(i)
		case i.State == shuttingDown:
			config.Machines.Kill(id)
		default:
			i.State = running
		}
	}
	c.rewire()
	return c, c.persistErr()
}

// Close stops serving and leaves the hosts running: the next Open takes them up again.
func (c *Cloud) Close() {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	c.closing = true
	close(c.stop)
	c.mu.Unlock()
	c.tasks.Wait()
}

// Order adds a fault.
func (c *Cloud) Order(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Faults = append(c.Faults, &f)
	if f.Kind == SlowLink || f.Kind == Preempt {
		c.strikeRunning(c.Faults[len(c.Faults)-1])
	}
	return c.persistErr()
}

// strikeRunning lets a fault that can hit a running host hit those that match now, oldest first.
func (c *Cloud) strikeRunning(f *Fault) {
	var up []*instance
	for _, i := range c.Instances {
		if i.State == running && f.matches(i, i.Labels["Name"]) && (f.Kind != Preempt || i.Spot) {
			up = append(up, i)
		}
	}
	slices.SortFunc(up, func(a, b *instance) int { return a.Launched.Compare(b.Launched) })
	for _, i := range up {
		if !f.strikes() {
			return
		}
		if f.Kind == Preempt {
			c.preempt(i, f.After)
		} else {
			i.LinkRate = f.Rate
			c.rewire()
		}
	}
}

// Clear takes back every fault; shaped links are freed, what has struck stays.
func (c *Cloud) Clear() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Faults = nil
	clear(c.late)
	for _, i := range c.Instances {
		i.LinkRate = 0
	}
	c.rewire()
	return c.persistErr()
}

// Ordered lists the faults with how often each has struck.
func (c *Cloud) Ordered() []Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []Fault{}
	for _, f := range c.Faults {
		out = append(out, *f)
	}
	return out
}

// forget drops instances that were terminated long ago, and what hides nothing any more. The caller holds the lock.
func (c *Cloud) forget() {
	maps.DeleteFunc(c.late, func(_ string, until time.Time) bool { return time.Now().After(until) })
	for id, i := range c.Instances {
		if i.State == terminated && time.Since(i.Ended) > remember {
			delete(c.Instances, id)
		}
	}
}

func (c *Cloud) persistErr() error { return c.save(c.file) }

// persist saves the state from the background, where nobody waits for the error.
func (c *Cloud) persist() {
	if err := c.persistErr(); err != nil {
		c.log.Error("persist", "err", err)
	}
}

// Objects counts what a user made and has not deleted.
func (c *Cloud) Objects() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects()
}
