package infra

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/user"
	"strings"
	"time"
)

// NewID makes the ID of a cluster: when it began, and enough chance that no two are alike ("20261122-225301-9f3c61").
func NewID(now time.Time) string {
	var b [3]byte
	rand.Read(b[:]) // never fails
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}

// thisOwner is user@machine, with the characters that a tag may have.
func thisOwner() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return strings.Map(tagRune, name+"@"+thisHost())
}

func thisHost() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "unknown"
	}
	return host
}

func tagRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" _.:/=+-@", r) {
		return r
	}
	return '-'
}

// bootID tells one boot of this machine from another; empty where the system does not say.
func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}
