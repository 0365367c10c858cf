package infra

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"flashmob/inventory"
)

// HostKey is an ed25519 key pair in the forms that OpenSSH reads.
type HostKey struct {
	Private string // the PEM file, "-----BEGIN OPENSSH PRIVATE KEY-----…", with its last line end
	Public  string // "ssh-ed25519 AAAA…", without comment or line end
}

// NewHostKey makes a key pair; the comment stands in the private key only.
func NewHostKey(comment string) (HostKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return HostKey{}, fmt.Errorf("make key %s: %w", comment, err)
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return HostKey{}, fmt.Errorf("make key %s: %w", comment, err)
	}
	sshPublic, err := ssh.NewPublicKey(public)
	if err != nil {
		return HostKey{}, fmt.Errorf("make key %s: %w", comment, err)
	}
	return HostKey{Private: string(pem.EncodeToMemory(block)), Public: publicLine(sshPublic)}, nil
}

func publicLine(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// KeepKey reads the key pair at path, or makes one there (mode 0600) with the public half beside it in path.pub.
func KeepKey(path string) (HostKey, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return HostKey{}, fmt.Errorf("read key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return HostKey{}, fmt.Errorf("read key %s: %w", path, err)
	}
	return HostKey{Private: string(data), Public: publicLine(signer.PublicKey())}, nil
}

func makeKey(path string) (HostKey, error) {
	key, err := NewHostKey("flashmob " + filepath.Base(path))
	if err != nil {
		return HostKey{}, err
	}
	err = errors.Join(
		os.MkdirAll(filepath.Dir(path), 0o700),
		replaceFile(path+".pub", []byte(key.Public+"\n"), 0o644),
		replaceFile(path, []byte(key.Private), 0o600))
	if err != nil {
		return HostKey{}, fmt.Errorf("write key: %w", err)
	}
	return key, nil
}

// KnownHosts is the known_hosts file that pins the hosts' keys, a line a key: under the address that the operator
// connects to and under the one that the other hosts use.
func KnownHosts(hosts []inventory.Host) ([]byte, error) {
	var b strings.Builder
	for _, h := range hosts {
		for _, pin := range []string{h.HostKey, h.NextHostKey} {
			if pin == "" {
				continue
			}
			key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(pin))
			if err != nil {
				return nil, fmt.Errorf("pin host key %s: %w", h.Name, err)
			}
			addrs := []string{h.HostPort()}
			if h.PrivateIP != "" && h.PrivateIP != h.Address() {
				addrs = append(addrs, h.PrivateIP)
			}
			b.WriteString(knownhosts.Line(addrs, key) + "\n")
		}
	}
	return []byte(b.String()), nil
}
