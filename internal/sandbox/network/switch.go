package network

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"sync"
)

// Switch is the wiring of one sandbox.
type Switch struct {
	index int
	ns    *os.File

	mu      sync.Mutex
	bridges map[string]bool // by VPC
}

// networks is how many values N can take: the /24s of 198.18.0.0/15, the range set aside for benchmarks.
const networks = 512

var errTaken = errors.New("network is taken")

// New makes a switch on a free network of this machine, or on network want where that is not negative and free.
func New(want int) (*Switch, error) {
	for try := range 32 {
		n := rand.IntN(networks)
		if try == 0 && want >= 0 {
			n = want
		}
		s, err := newAt(n)
		if !errors.Is(err, errTaken) {
			return s, err
		}
	}
	return nil, fmt.Errorf("create switch: no free network in 198.18.0.0/15 found: %w", errTaken)
}

// Adopt takes up the switch that an earlier server made, from a file on its namespace that a host still holds.
func Adopt(index int, ns *os.File) *Switch {
	return &Switch{index: index, ns: ns, bridges: map[string]bool{}}
}

func newAt(index int) (*Switch, error) {
	ns, err := create()
	if err != nil {
		return nil, err
	}
	s := Adopt(index, ns)
	// Not of the process: that is its main thread's, which may have been inside a namespace for onThread.
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, errors.Join(err, ns.Close())
	}
	defer home.Close()
	err = In(ns, func() error {
		// File 3 of the ip process is the root namespace: a process ID would name whatever its main thread is in.
		err := runWith([]*os.File{home}, "", "ip", "link", "add", "uplink", "type", "veth", "peer", "name", s.Interface(),
			"netns", "/proc/self/fd/3")
		if err != nil && strings.Contains(err.Error(), "File exists") {
			return errTaken
		}
		return err
	})
	if err == nil {
		err = s.connect()
	}
	if err != nil {
		return nil, errors.Join(err, ns.Close())
	}
	return s, nil
}

// connect gives both ends of the uplink their addresses and routes.
func (s *Switch) connect() error {
	operator, up := s.Operator(), s.address(254)
	err := In(s.ns, func() error {
		if err := errors.Join(sysctl("ipv6/conf/all/disable_ipv6", "1"), sysctl("ipv4/conf/all/rp_filter", "0"),
			sysctl("ipv4/conf/default/rp_filter", "0"), sysctl("ipv4/ip_forward", "1")); err != nil {
			return err
		}
		return batch(
			"link set lo up",
			"link set uplink up",
			fmt.Sprintf("addr add %s/32 dev uplink", up),
			fmt.Sprintf("route add %s/32 dev uplink", operator),
			// Packets to addresses that no host has are lost without an answer, as on the internet.
			fmt.Sprintf("route add blackhole %s", s.Public()))
	})
	if err != nil {
		return err
	}
	err = batch(
		fmt.Sprintf("link set %s addrgenmode none", s.Interface()),
		fmt.Sprintf("addr add %s/32 dev %s", operator, s.Interface()),
		fmt.Sprintf("link set %s up", s.Interface()),
		fmt.Sprintf("route add %s/32 dev %s", up, s.Interface()),
		fmt.Sprintf("route add %s via %s dev %s", s.Public(), up, s.Interface()))
	if err != nil && strings.Contains(err.Error(), "File exists") {
		return errTaken
	}
	return err
}

// Interface is the name of the switch's one interface in the root namespace.
func (s *Switch) Interface() string { return InterfaceName(s.index) }

// InterfaceName is the name of network index's interface in the root namespace.
func InterfaceName(index int) string { return fmt.Sprintf("fm%d", index) }

// Index is the switch's N.
func (s *Switch) Index() int { return s.index }

// Namespace is the file that holds the switch; whoever inherits it holds it too.
func (s *Switch) Namespace() *os.File { return s.ns }

// Operator is the address that the operator has for hosts.
func (s *Switch) Operator() netip.Addr { return s.address(1) }

// Public is the range that public addresses come from; 2 to 253 are free for hosts.
func (s *Switch) Public() netip.Prefix { return netip.PrefixFrom(s.address(0), 24) }

func (s *Switch) address(last byte) netip.Addr {
	return netip.AddrFrom4([4]byte{198, byte(18 + s.index/256), byte(s.index % 256), last})
}

// Close lets go of the namespace. It ends when no host holds it any more.
func (s *Switch) Close() error { return s.ns.Close() }

// Remove takes the uplink down at once, and with it every way to the hosts.
func (s *Switch) Remove() error { return batch("link del " + s.Interface()) }
