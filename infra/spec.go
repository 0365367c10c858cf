package infra

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"flashmob/inventory"
)

// Spec is what a cluster shall be. The zero value with a Size, a PublicKey and the operator's address is a whole one.
type Spec struct {
	// ID names this cluster and no other; it is the value of the tag flashmob:run. Defaults to a new one (NewID).
	ID string `json:"id"`
	// Stack is the name under which the operator knows the cluster; [a-z0-9-]. Defaults to "flashmob".
	Stack string `json:"stack"`
	// Owner is who pays, "ann@laptop". Defaults to this user on this machine.
	Owner string `json:"owner"`
	// Size counts the hosts that process: one initializer and Size-1 workers. The metrics host comes on top.
	// Defaults to nothing: somebody has to say it.
	Size int `json:"size"`
	// Type is the instance type of the initializer and the workers. Defaults to "c7g.xlarge".
	Type string `json:"type"`
	// MetricsType is the instance type of the metrics host. Defaults to the "large" of Type's family.
	MetricsType string `json:"metrics_type"`
	// MoreTypes are taken in turn when Type cannot be had. Defaults to none.
	MoreTypes []string `json:"more_types,omitempty"`
	// Region is where all of it stands. Defaults to "us-west-2".
	Region string `json:"region"`
	// Zone is the availability zone of the one subnet. Defaults to the first that offers Type.
	Zone string `json:"zone,omitempty"`
	// Zones are tried in turn when a zone has no capacity. Defaults to all that offer Type.
	Zones []string `json:"zones,omitempty"`
	// Spot buys the workers on the spot market; the initializer and the metrics host are always on demand,
	// because a run does not survive losing them. Defaults to false.
	Spot bool `json:"spot,omitempty"`
	// SpotOnly gives up rather than buying a worker on demand. Defaults to false.
	SpotOnly bool `json:"spot_only,omitempty"`
	// DiskGB is the size of each host's encrypted root volume. Defaults to 20.
	DiskGB int `json:"disk_gb"`
	// TTL is how long after its boot a host powers itself off, whatever it does. Defaults to 4h.
	TTL time.Duration `json:"ttl"`
	// Idle is how long a host lives without hearing from a run or an operator. Defaults to 30m.
	Idle time.Duration `json:"idle"`
	// OperatorCIDR is the only network that may connect from outside, and to port 22 only. No default.
	OperatorCIDR string `json:"operator_cidr"`
	// PublicKey is the operator's SSH key, "ssh-ed25519 AAAA…". No default.
	PublicKey string `json:"public_key"`
	// HostKeys are the hosts' SSH keys by host name, made at home. They are not written with the spec: private
	// keys stay in files of their own. No default.
	HostKeys map[string]HostKey `json:"-"`
	// AMI is the image to boot. Defaults to the newest Ubuntu LTS that the region publishes.
	AMI string `json:"ami,omitempty"`
	// BootWait is how long an instance may take until it runs; after that it is given up. Defaults to 3m.
	BootWait time.Duration `json:"boot_wait,omitempty"`
	// MinHosts is how many hosts that process suffice when instances of workers are given up. Defaults to 1.
	MinHosts int `json:"min_hosts,omitempty"`
	// Without are the names of workers that this attempt does not make; the next one does. Defaults to none.
	Without []string `json:"-"`
	// Placed fixes how hosts that exist already were bought, by host name, so that a change of Type or market
	// concerns new hosts only. Defaults to none.
	Placed map[string]Placement `json:"placed,omitempty"`
}

// Placement is how one host is bought.
type Placement struct {
	Type string `json:"type"`
	Spot bool   `json:"spot,omitempty"`
}

// Instance is one host of a spec.
type Instance struct {
	Name string
	Role inventory.Role
	Arch string // amd64 or arm64
	Placement
}

// The tags that everything carries; sweeping goes by them alone.
const (
	TagStack = "flashmob:stack" // Spec.Stack
	TagRun   = "flashmob:run"   // Spec.ID
	TagOwner = "flashmob:owner" // Spec.Owner
	TagRole  = "flashmob:role"  // on instances and volumes: the inventory's role
)

// Tags are the tags of everything that belongs to the cluster.
func (s Spec) Tags() map[string]string {
	return map[string]string{TagStack: s.Stack, TagRun: s.ID, TagOwner: s.Owner}
}

// User is the login of the image's unprivileged user, who may become root without a password.
const User = "ubuntu"

// WithDefaults fills what is empty and can be.
func (s Spec) WithDefaults() Spec {
	setDefault(&s.Stack, "flashmob")
	setDefault(&s.Owner, thisOwner())
	setDefault(&s.Type, "c7g.xlarge")
	family, _, _ := strings.Cut(s.Type, ".")
	setDefault(&s.MetricsType, family+".large")
	setDefault(&s.Region, "us-west-2")
	setDefault(&s.DiskGB, 20)
	setDefault(&s.TTL, 4*time.Hour)
	setDefault(&s.Idle, 30*time.Minute)
	setDefault(&s.BootWait, 3*time.Minute)
	setDefault(&s.MinHosts, 1)
	if s.ID == "" {
		s.ID = NewID(time.Now())
	}
	return s
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Instances are the cluster's hosts in inventory order.
func (s Spec) Instances() []Instance {
	hosts := []Instance{s.instance(inventory.MetricsHost, 1), s.instance(inventory.Initializer, 1)}
	for n := 1; n < s.Size; n++ {
		hosts = append(hosts, s.instance(inventory.Worker, n))
	}
	return slices.DeleteFunc(hosts, func(in Instance) bool { return slices.Contains(s.Without, in.Name) })
}

func (s Spec) instance(role inventory.Role, n int) Instance {
	name := inventory.HostName(role, n)
	place, ok := s.Placed[name]
	switch {
	case ok:
	case role == inventory.MetricsHost:
		place = Placement{Type: s.MetricsType}
	default:
		place = Placement{Type: s.Type, Spot: s.Spot && role == inventory.Worker}
	}
	arch, _ := Arch(place.Type) // Check has refused what has none
	return Instance{Name: name, Role: role, Arch: arch, Placement: place}
}

var (
	stackName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	instanceType = regexp.MustCompile(`^([a-z]+)([0-9]+)([a-z0-9-]*)\.([a-z0-9-]+)$`)
)

// Arch is the processor architecture of an instance type, as Go spells it: Graviton types carry a g after the digit.
func Arch(typ string) (string, error) {
	m := instanceType.FindStringSubmatch(typ)
	switch {
	case m == nil:
		return "", fmt.Errorf("instance type %q: not of the form c7g.xlarge", typ)
	case strings.HasPrefix(m[1], "mac"):
		return "", fmt.Errorf("instance type %q: does not run Linux", typ)
	case m[1] == "a" || strings.Contains(m[3], "g"):
		return "arm64", nil
	default:
		return "amd64", nil
	}
}

// Check reports everything that makes the spec unusable, one line a fault.
func (s Spec) Check() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("cluster spec: "+format, args...)) }
	if !stackName.MatchString(s.Stack) {
		fault("stack %q: use lower-case letters, digits and '-', 40 at most", s.Stack)
	}
	if s.ID == "" {
		fault("no id")
	}
	if s.Size < 1 {
		fault("size %d: a cluster has at least one host", s.Size)
	}
	for _, typ := range slices.Concat([]string{s.Type, s.MetricsType}, s.MoreTypes) {
		if _, err := Arch(typ); err != nil {
			fault("%w", err)
		}
	}
	if prefix, err := netip.ParsePrefix(s.OperatorCIDR); err != nil {
		fault("operator address %q: not a network like 203.0.113.7/32", s.OperatorCIDR)
	} else if !prefix.Addr().Is4() || prefix.Bits() < 8 {
		fault("operator address %q: ssh is opened to one IPv4 network of the operator, not to half the internet", s.OperatorCIDR)
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s.PublicKey)); err != nil {
		fault("public key %.40q: not an SSH public key", s.PublicKey)
	}
	if s.DiskGB < 8 {
		fault("disk %d GB: the image needs 8", s.DiskGB)
	}
	if s.TTL < time.Second || s.Idle < time.Second {
		fault("ttl %v, idle %v: every host has to end some time, and not at once", s.TTL, s.Idle)
	}
	if s.BootWait < time.Second {
		fault("boot wait %v: no instance runs within less than a second", s.BootWait)
	}
	if s.MinHosts > s.Size {
		fault("at least %d hosts: the cluster is to have %d that process", s.MinHosts, s.Size)
	}
	if s.Zone != "" && !strings.HasPrefix(s.Zone, s.Region) {
		fault("zone %q: not in the region %s", s.Zone, s.Region)
	}
	return errors.Join(errs...)
}
