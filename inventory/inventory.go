// Package inventory says which hosts a cluster has and what each is for.
//
// An inventory comes from one of three places and looks the same from all of them: hosts that were just
// provisioned, hosts of the user's own, or this machine several times over (see Local). On disk it is an
// Ansible inventory in YAML with the groups metrics_host, initializer and workers, so that
// `ansible -i inventory.yml all -m ping` works on it too. Reading accepts what people write by hand (nested
// groups, group variables, unknown variables, which are ignored); writing is always the same bytes for the
// same inventory, and a file is replaced whole or not at all.
//
// The package knows no cloud and opens no connection. It needs the standard library and a YAML reader.
package inventory

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Role is what a host is for; each role is one group of the Ansible file.
type Role string

const (
	// MetricsHost generates input, keeps the metrics and shows the page. A cluster has one at most.
	MetricsHost Role = "metrics_host"
	// Initializer runs the log and hands out batches. A cluster has exactly one.
	Initializer Role = "initializer"
	// Worker runs slots.
	Worker Role = "worker"
)

// Roles are all roles, in the order in which an inventory lists its hosts.
var Roles = []Role{MetricsHost, Initializer, Worker}

// Group is the name of the role's group in the Ansible file; only workers is plural.
func (r Role) Group() string {
	if r == Worker {
		return "workers"
	}
	return string(r)
}

// Connection is how commands reach a host.
type Connection string

const (
	// SSH reaches the host at Addr with the operator's key.
	SSH Connection = "ssh"
	// LocalMachine runs commands on the operator's own machine.
	LocalMachine Connection = "local"
)

// Host is one machine of the inventory. Only Name and Role are needed.
type Host struct {
	// Name stands in messages, file names and the Ansible file; letters, digits, '.', '_' and '-'.
	Name string
	Role Role
	// Addr is the IP address or DNS name to connect to (ansible_host). Defaults to Name.
	Addr string
	// User logs in (ansible_user). Defaults to the SSH client's own default.
	User string
	// Port is the SSH port (ansible_port). Defaults to 22.
	Port int
	// PrivateIP is the address under which the other hosts reach this one. Defaults to Addr.
	PrivateIP string
	// Connection is SSH or LocalMachine (ansible_connection). Defaults to SSH.
	Connection Connection
	// Arch is amd64 or arm64, as Go spells it (flashmob_arch). Defaults to what the host answers.
	Arch string
	// HostKey is the host's public key as known_hosts has it, "ssh-ed25519 AAAA…" (flashmob_host_key).
	// Defaults to what the operator's known_hosts says.
	HostKey string
	// NextHostKey is the key that takes HostKey's place at first contact (flashmob_next_host_key): until that is
	// known to have happened the host may show either. Defaults to none: HostKey stays.
	NextHostKey string
}

// Address is where to connect to.
func (h Host) Address() string {
	if h.Addr != "" {
		return h.Addr
	}
	return h.Name
}

// HostPort is Address with the SSH port, ready to dial.
func (h Host) HostPort() string {
	port := h.Port
	if port == 0 {
		port = 22
	}
	return net.JoinHostPort(h.Address(), strconv.Itoa(port))
}

// Inside is where the other hosts of the cluster reach this one.
func (h Host) Inside() string {
	if h.PrivateIP != "" {
		return h.PrivateIP
	}
	return h.Address()
}

// IsLocal reports whether commands for the host run on the operator's own machine.
func (h Host) IsLocal() bool { return h.Connection == LocalMachine }

// Inventory is the hosts of one cluster. The zero value has none.
type Inventory struct {
	// Cluster is the ID of the cluster, empty for hosts of the user's own.
	Cluster string
	// KeyFile is the operator's private key, a path. Defaults to the SSH agent and the usual files.
	KeyFile string
	// KnownHosts is the file of pinned host keys, a path. Defaults to ~/.ssh/known_hosts.
	KnownHosts string
	// Hosts is ordered by role (see Roles); within a role the order is the file's.
	Hosts []Host
}

// ByRole lists the hosts of a role in inventory order.
func (inv Inventory) ByRole(role Role) []Host {
	var hosts []Host
	for _, h := range inv.Hosts {
		if h.Role == role {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// Processing lists the hosts that work on the input: the initializer, then the workers.
func (inv Inventory) Processing() []Host {
	return append(inv.ByRole(Initializer), inv.ByRole(Worker)...)
}

// Host finds a host by name.
func (inv Inventory) Host(name string) (Host, bool) {
	i := slices.IndexFunc(inv.Hosts, func(h Host) bool { return h.Name == name })
	if i < 0 {
		return Host{}, false
	}
	return inv.Hosts[i], true
}

// Initializer is the host that runs the log; false when the inventory has none.
func (inv Inventory) Initializer() (Host, bool) { return inv.first(Initializer) }

// MetricsHost is the host of the metrics page; false when the inventory has none.
func (inv Inventory) MetricsHost() (Host, bool) { return inv.first(MetricsHost) }

func (inv Inventory) first(role Role) (Host, bool) {
	if hosts := inv.ByRole(role); len(hosts) > 0 {
		return hosts[0], true
	}
	return Host{}, false
}

// Local is n hosts that are all this machine: one initializer and n-1 workers, reached without SSH.
func Local(n int) Inventory {
	var inv Inventory
	for i := range n {
		host := Host{Role: Worker, Name: HostName(Worker, i), Connection: LocalMachine, Addr: "127.0.0.1"}
		if i == 0 {
			host.Role, host.Name = Initializer, HostName(Initializer, 1)
		}
		inv.Hosts = append(inv.Hosts, host)
	}
	return inv
}

// HostName is the name of the n-th host of a role, counted from one: "metrics-1", "initializer-1", "workers-2".
// It differs from every group's name because Ansible warns about a host that is called like a group.
func HostName(role Role, n int) string {
	base := role.Group()
	if role == MetricsHost {
		base = "metrics"
	}
	return base + "-" + strconv.Itoa(n)
}

// Check reports everything that makes the inventory unusable: no host, a name that is missing, odd or there twice, an
// unknown role, connection or architecture, a port out of range, a second initializer or metrics host.
func (inv Inventory) Check() error {
	var errs []error
	if len(inv.Hosts) == 0 {
		errs = append(errs, errors.New("no hosts"))
	}
	seen := map[string]bool{}
	for _, h := range inv.Hosts {
		if err := h.check(); err != nil {
			errs = append(errs, fmt.Errorf("host %q: %w", h.Name, err))
		}
		if seen[h.Name] {
			errs = append(errs, fmt.Errorf("host %q: listed twice", h.Name))
		}
		seen[h.Name] = true
	}
	for _, role := range []Role{MetricsHost, Initializer} {
		if hosts := inv.ByRole(role); len(hosts) > 1 {
			errs = append(errs, fmt.Errorf("group %s: %d hosts (%s, %s, …), at most one is possible",
				role.Group(), len(hosts), hosts[0].Name, hosts[1].Name))
		}
	}
	for _, path := range []string{inv.Cluster, inv.KeyFile, inv.KnownHosts} {
		if !printable(path) {
			errs = append(errs, fmt.Errorf("value %q: not printable text", path))
		}
	}
	return errors.Join(errs...)
}

func (h Host) check() error {
	switch {
	case h.Name == "" || strings.ContainsFunc(h.Name, notNameRune):
		return errors.New("a name has letters, digits, '.', '_' and '-'")
	case !slices.Contains(Roles, h.Role):
		return fmt.Errorf("unknown role %q", h.Role)
	case h.Port < 0 || h.Port > 65535:
		return fmt.Errorf("port %d: not between 1 and 65535", h.Port)
	case h.Connection != "" && h.Connection != SSH && h.Connection != LocalMachine:
		return fmt.Errorf("unknown connection %q: ssh or local", h.Connection)
	case h.Arch != "" && h.Arch != "amd64" && h.Arch != "arm64":
		return fmt.Errorf("unknown architecture %q: amd64 or arm64", h.Arch)
	}
	for _, value := range []string{h.Addr, h.User, h.PrivateIP, h.HostKey, h.NextHostKey} {
		if !printable(value) {
			return fmt.Errorf("value %q: not printable text", value)
		}
	}
	return nil
}

func notNameRune(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) })
}
