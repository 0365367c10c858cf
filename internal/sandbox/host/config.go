package host

import (
	"net/netip"
	"path/filepath"
	"time"
)

// User is the login account of every host, as in Ubuntu's images.
const User = "ubuntu"

// ProcessName is the name under which a host's first process starts; Main must run under it.
const ProcessName = "flashmob-host"

// Config is what a host is told when it boots.
type Config struct {
	ID            string
	Hostname      string
	Private       netip.Prefix // eth0, with the length of the VPC
	Gateway       netip.Prefix
	Public        netip.Addr // zero for none
	AuthorizedKey string     // one authorized_keys line for User
	UserData      []byte     // cloud-config or a script, gzip or not
	Disk          int64      // bytes that the host can write
	Ruleset       string     // nftables
	SSHDelay      time.Duration
	Bound         bool // there is a lifeline; set by Start
}

// The files of a host's folder on the machine.
const (
	processFile = "process.json" // what Adopt finds the process by
	offFile     = "powered-off"  // written by a host that powers itself off
	consoleFile = "console.log"  // what the host's first process and sshd say
	rootFolder  = "root"         // where the root file system is mounted, in the host's namespace only
)

// The files inside a host.
const (
	programPath = "/usr/lib/flashmob/guest"
	controlPath = "/run/flashmob-sandbox/control"
	bootedPath  = "/var/lib/cloud/instance/boot-finished"
	ttlPath     = "/etc/flashmob/ttl"
	idlePath    = "/etc/flashmob/idle"
	beatPath    = "/run/flashmob/heartbeat"
)

func in(dir, name string) string { return filepath.Join(dir, name) }
