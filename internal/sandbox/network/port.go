package network

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
)

// Port is where one host is plugged in.
type Port struct {
	Name    string // at most 15 bytes, the interface's name on the switch
	VPC     string
	PID     int // a process in the host's network namespace, which gets eth0
	Private netip.Addr
	Gateway netip.Prefix // the VPC router's address
	Public  netip.Addr   // zero for none
}

// Plug gives a host its wire: eth0 in the namespace of p.PID, without addresses yet.
func (s *Switch) Plug(p Port) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	bridge := bridgeName(p.VPC)
	var lines []string
	if !s.bridges[p.VPC] && In(s.ns, func() error { return linkExists(bridge) }) != nil {
		lines = append(lines, "link add "+bridge+" address "+routerMAC+" type bridge", "link set "+bridge+" up")
	}
	lines = append(lines,
		fmt.Sprintf("addr replace %s dev %s noprefixroute", p.Gateway, bridge),
		fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %d", p.Name, mac(p.Private), p.PID),
		fmt.Sprintf("link set %s master %s up", p.Name, bridge))
	if p.Public.IsValid() {
		lines = append(lines, fmt.Sprintf("route replace %s/32 dev %s", p.Public, bridge),
			fmt.Sprintf("neigh replace %s lladdr %s dev %s nud permanent", p.Public, mac(p.Private), bridge))
	}
	if err := In(s.ns, func() error { return batch(lines...) }); err != nil {
		return fmt.Errorf("plug %s: %w", p.Name, err)
	}
	s.bridges[p.VPC] = true
	return nil
}

// routerMAC is every bridge's. Without one of its own a bridge takes a port's, and another with each new port, which
// hosts would notice half a minute later.
const routerMAC = "02:fb:00:00:00:01"

// mac makes a host's hardware address from its private one: who gets the address of a host that is gone is found where
// others remember that host to be.
func mac(private netip.Addr) string {
	b := private.As4()
	return fmt.Sprintf("02:fa:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

// Unplug forgets the way to a host's public address. The wire itself went with the host's namespace.
func (s *Switch) Unplug(public netip.Addr) error {
	return In(s.ns, func() error { return batch(fmt.Sprintf("route del %s/32", public)) })
}

// Shape limits a link to rate bytes a second in both directions, or frees it with rate 0. host is the network namespace
// of the host. Rate is all there is to shape where the kernel has no netem: no delay and no loss.
func (s *Switch) Shape(port string, host *os.File, rate int) error {
	shape := func(dev string) error {
		if rate == 0 {
			return Run("", "tc", "qdisc", "replace", "dev", dev, "root", "pfifo_fast")
		}
		burst := max(rate/100, 16<<10)
		return Run("", "tc", "qdisc", "replace", "dev", dev, "root", "tbf", "rate", fmt.Sprintf("%dbps", rate),
			"burst", fmt.Sprint(burst), "latency", "200ms")
	}
	return errors.Join(
		In(s.ns, func() error { return shape(port) }),
		In(host, func() error { return shape("eth0") }))
}

func linkExists(name string) error { return Run("", "ip", "link", "show", "dev", name) }

func bridgeName(vpc string) string { return "b" + tail(vpc) }

// PortName is an instance's interface on the switch.
func PortName(instance string) string { return "p" + tail(instance) }

// tail is the end of an ID: enough to be unique within one sandbox, short enough for an interface.
func tail(id string) string { return id[max(0, len(id)-12):] }
