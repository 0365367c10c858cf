package cloud

import (
	"net/netip"
	"time"

	"flashmob/internal/sandbox/host"
)

// Machines makes instances real. The methods are called concurrently, for different instances.
type Machines interface {
	// Start boots a host. It returns when the host runs; gone is called once, from another goroutine, when the host
	// has ended: with true when it powered itself off.
	Start(m Machine, gone func(poweredOff bool)) error
	// Adopt takes up a host that an earlier server started, or says false when it runs no more.
	Adopt(id string, gone func(poweredOff bool)) bool
	// Wire replaces the host's packet filter and the rate of its link, bytes a second (0 is unlimited).
	Wire(id, ruleset string, rate int) error
	// Kill ends a host as a power cut would. Hosts that do not run are no error.
	Kill(id string)
}

// Machine is what it takes to boot a host.
type Machine struct {
	host.Config
	VPC  string // hosts of one VPC share a wire
	Rate int    // of the link, bytes a second, 0 is unlimited
}

// boot starts an instance's host in the background. The caller holds the lock.
func (c *Cloud) boot(i *instance) {
	id, delay := i.ID, i.BootDelay
	c.tasks.Go(func() {
		if !c.pause(delay) {
			return
		}
		c.mu.Lock()
		if i.State != pending {
			c.mu.Unlock()
			return
		}
		m := c.machine(i)
		c.applied[id] = wiring{m.Ruleset, m.Rate}
		c.mu.Unlock()
		err := c.config.Machines.Start(m, func(off bool) { c.gone(id, off) })
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case err != nil:
			c.log.Error("start host", "instance", id, "err", err)
			i.Reason = "Server.InternalError: " + err.Error()
			c.end(i)
		case i.State == pending:
			i.State = running
			c.rewire()
		default: // terminated while it booted
			c.config.Machines.Kill(id)
		}
		c.persist()
	})
}

func (c *Cloud) machine(i *instance) Machine {
	whole := netip.MustParsePrefix(c.VPCs[i.VPC].CIDR)
	m := Machine{VPC: i.VPC, Rate: i.LinkRate, Config: host.Config{
		ID: i.ID, Hostname: hostname(i.PrivateIP), UserData: i.UserData, Ruleset: c.ruleset(i), SSHDelay: i.SSHDelay,
		Private: netip.PrefixFrom(netip.MustParseAddr(i.PrivateIP), whole.Bits()),
		Gateway: netip.PrefixFrom(netip.MustParsePrefix(c.Subnets[i.Subnet].CIDR).Addr().Next(), whole.Bits()),
		Disk:    8 << 30,
	}}
	if i.PublicIP != "" {
		m.Public = netip.MustParseAddr(i.PublicIP)
	}
	if v := c.Volumes[i.Volume]; v != nil {
		m.Disk = int64(v.GiB) << 30
	}
	if k := c.keyNamed(i.Key); k != nil {
		m.AuthorizedKey = k.Public
	}
	return m
}

// gone is told by Machines that a host has ended.
func (c *Cloud) gone(id string, poweredOff bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.Instances[id]
	if i == nil || i.State == terminated || c.closing {
		return
	}
	switch {
	case i.State == shuttingDown:
	case poweredOff && i.Shutdown == "stop":
		i.State, i.Reason = stopped, "Client.InstanceInitiatedShutdown: Instance initiated shutdown"
		c.persist()
		return
	case poweredOff:
		i.Reason = "Client.InstanceInitiatedShutdown: Instance initiated shutdown"
	case i.Spot:
		i.Reason = "Server.SpotInstanceTermination: Spot instance termination"
	default:
		i.Reason = "Server.InternalError: the host ended by itself"
	}
	c.end(i)
	c.persist()
}

// terminate begins an instance's end; what is already ending goes on. The caller holds the lock.
func (c *Cloud) terminate(i *instance, reason string) {
	switch i.State {
	case terminated, shuttingDown:
		return
	case running:
		i.State, i.Reason = shuttingDown, reason
		c.config.Machines.Kill(i.ID)
	default: // no host runs, or none yet
		i.Reason = reason
		c.end(i)
	}
}

// end makes an instance terminated and frees what it held. The caller holds the lock.
func (c *Cloud) end(i *instance) {
	i.State, i.Ended = terminated, time.Now().UTC()
	delete(c.applied, i.ID)
	if v := c.Volumes[i.Volume]; v != nil {
		if v.DeleteOnTermination {
			delete(c.Volumes, v.ID)
		} else {
			v.Instance = ""
		}
	}
	c.rewire()
}

type wiring struct {
	ruleset string
	rate    int
}

// rewire asks for the packet filters to be brought up to date soon. Many calls in a row cost one round.
func (c *Cloud) rewire() {
	select {
	case c.dirty <- struct{}{}:
	default:
	}
}

// settle is how long rewire waits for more changes of the same kind: launches come in bursts.
const settle = 50 * time.Millisecond

func (c *Cloud) wireLoop() {
	for {
		select {
		case <-c.stop:
			return
		case <-c.dirty:
		}
		if !c.pause(settle) {
			return
		}
		for id, w := range c.changedWirings() {
			if err := c.config.Machines.Wire(id, w.ruleset, w.rate); err != nil {
				c.log.Warn("apply security groups", "instance", id, "err", err)
			}
		}
	}
}

func (c *Cloud) changedWirings() map[string]wiring {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]wiring{}
	for id, i := range c.Instances {
		if i.State != running {
			continue
		}
		if w := (wiring{c.ruleset(i), i.LinkRate}); w != c.applied[id] {
			out[id], c.applied[id] = w, w
		}
	}
	return out
}

// pause waits for d, or says false when the cloud closes first.
func (c *Cloud) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.stop:
		return false
	}
}
