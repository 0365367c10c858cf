package infra

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"flashmob/inventory"
)

// A host is made with a key that stands in its user data, where everybody may read it who may describe the account's
// instances. So it gets another at first contact, over the connection that the first one vouches for. Until home knows
// that it has it, either is right; from then on only the second.

// WriteHosts writes the inventory of a cluster and the pinned keys of its hosts; lives are the instances behind them.
func (f Files) WriteHosts(cluster string, hosts []inventory.Host, lives []Life) (inventory.Inventory, error) {
	inv := inventory.Inventory{Cluster: cluster, Hosts: hosts}
	for path, field := range map[string]*string{f.Key(): &inv.KeyFile, f.KnownHosts(): &inv.KnownHosts} {
		full, err := filepath.Abs(path)
		if err != nil {
			return inv, err
		}
		*field = full
	}
	if _, err := os.Stat(inv.KeyFile); err != nil {
		inv.KeyFile = "" // the operator brought a key
	}
	unlock, err := f.lockHosts()
	if err != nil {
		return inv, err
	}
	defer unlock()
	return inv, f.pin(inv, lives)
}

// Rekey gives a host the key that it has not yet from home. install brings the private key to the host and returns when
// the host has shown it. It is right to call it again, at any time and by several at once.
func (f Files) Rekey(host string, install func(private string) error) error {
	record, err := ReadRecord(f.Record())
	if err != nil {
		return err
	}
	lives := record.Living()
	instance := instanceOf(lives, host)
	if instance == "" {
		return fmt.Errorf("rotate host key of %s: no such host in the record", host)
	}
	key, err := KeepKey(f.ownKey(instance))
	if err == nil {
		err = install(key.Private)
	}
	if err == nil {
		err = replaceFile(f.ownPin(instance), []byte(key.Public+"\n"), 0o644)
	}
	if err != nil {
		return fmt.Errorf("rotate host key of %s: %w", host, err)
	}
	unlock, err := f.lockHosts()
	if err != nil {
		return err
	}
	defer unlock()
	inv, err := inventory.Read(f.Inventory())
	if err != nil {
		return err
	}
	return f.pin(inv, lives)
}

func instanceOf(lives []Life, host string) string {
	for _, life := range lives {
		if life.Host == host {
			return life.Instance
		}
	}
	return ""
}

// pin completes the inventory by the keys that its hosts have got or will get, and writes it and known_hosts.
func (f Files) pin(inv inventory.Inventory, lives []Life) error {
	for i := range inv.Hosts {
		h := &inv.Hosts[i]
		instance := instanceOf(lives, h.Name)
		if instance == "" || h.HostKey == "" {
			continue
		}
		own, err := os.ReadFile(f.ownPin(instance))
		switch {
		case err == nil:
			h.HostKey, h.NextHostKey = strings.TrimSpace(string(own)), ""
		case errors.Is(err, fs.ErrNotExist):
			key, err := KeepKey(f.ownKey(instance))
			if err != nil {
				return err
			}
			h.NextHostKey = key.Public
		default:
			return fmt.Errorf("pin host key %s: %w", h.Name, err)
		}
	}
	pins, err := KnownHosts(inv.Hosts)
	if err != nil {
		return err
	}
	if err := replaceFile(f.KnownHosts(), pins, 0o644); err != nil {
		return fmt.Errorf("pin host keys: %w", err)
	}
	return inventory.Write(f.Inventory(), inv)
}

// lockHosts keeps others from writing the inventory meanwhile, for a moment: an up that ends beside a run that meets a
// new host. The operating system ends the lock with the process.
func (f Files) lockHosts() (unlock func() error, err error) {
	file, err := os.OpenFile(filepath.Join(f.Cluster(), "hosts.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return nil, fmt.Errorf("lock inventory: %w", err)
	}
	return file.Close, nil
}
