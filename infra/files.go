package infra

import (
	"errors"
	"os"
	"path/filepath"
)

// Files says where the files of a cluster lie:
//
//	.flashmob/
//	  passphrase              of Pulumi's secrets, mode 0600
//	  state/                  Pulumi's state, unless PULUMI_BACKEND_URL says otherwise
//	  prices.csv              what flashmob prices refresh has fetched
//	  receipts/ID.json        what was created, destroyed and paid, kept for ever
//	  clusters/STACK/
//	    record.json           see Record
//	    lock                  see Lock
//	    run.lock              another, held by the operator whose run goes on
//	    id_ed25519 .pub       the operator's key for this cluster
//	    hostkeys/HOST         the private key that a host of this name is made with
//	    hostkeys/INSTANCE     the one that takes its place at first contact, and .own beside it when that has happened
//	    known_hosts           the pinned host keys
//	    inventory.yml         the Ansible inventory
//	    pulumi/               the project and stack settings of the inline program
type Files struct {
	// Dir is the folder of all clusters. Defaults to ".flashmob".
	Dir string `json:"dir"`
	// Stack is the cluster's name. Defaults to "flashmob".
	Stack string `json:"stack"`
}

func (f Files) dir() string {
	if f.Dir == "" {
		return ".flashmob"
	}
	return f.Dir
}

// Name is the stack's name.
func (f Files) Name() string {
	if f.Stack == "" {
		return "flashmob"
	}
	return f.Stack
}

// Cluster is the cluster's own folder.
func (f Files) Cluster() string { return filepath.Join(f.dir(), "clusters", f.Name()) }

// State is the folder of the default Pulumi backend.
func (f Files) State() string { return filepath.Join(f.dir(), "state") }

// Receipts is the folder of receipts.
func (f Files) Receipts() string { return filepath.Join(f.dir(), "receipts") }

// Prices is the file of fetched prices.
func (f Files) Prices() string { return filepath.Join(f.dir(), "prices.csv") }

// Passphrase is the file of the generated passphrase.
func (f Files) Passphrase() string { return filepath.Join(f.dir(), "passphrase") }

// Record is the cluster's record.
func (f Files) Record() string { return filepath.Join(f.Cluster(), "record.json") }

// Lock is the cluster's lock.
func (f Files) Lock() string { return filepath.Join(f.Cluster(), "lock") }

// RunLock is held by the operator whose run goes on in the cluster. Changing the cluster's size is no matter to it.
func (f Files) RunLock() string { return filepath.Join(f.Cluster(), "run.lock") }

// Key is the operator's private key.
func (f Files) Key() string { return filepath.Join(f.Cluster(), "id_ed25519") }

// HostKey is the private key that a host is made with.
func (f Files) HostKey(host string) string { return filepath.Join(f.Cluster(), "hostkeys", host) }

// ownKey is the private key that an instance gets at first contact, and ownPin the public half once it has it.
func (f Files) ownKey(instance string) string {
	return filepath.Join(f.Cluster(), "hostkeys", instance)
}
func (f Files) ownPin(instance string) string { return f.ownKey(instance) + ".own" }

// KnownHosts is the file of pinned host keys.
func (f Files) KnownHosts() string { return filepath.Join(f.Cluster(), "known_hosts") }

// Inventory is the cluster's inventory.
func (f Files) Inventory() string { return filepath.Join(f.Cluster(), "inventory.yml") }

// Workspace is where Pulumi keeps the settings of the program.
func (f Files) Workspace() string { return filepath.Join(f.Cluster(), "pulumi") }

// Forget removes what only a living cluster needs: keys, pins, inventory and Pulumi's settings. The record and the
// receipts stay.
func (f Files) Forget() error {
	return errors.Join(
		os.RemoveAll(filepath.Join(f.Cluster(), "hostkeys")), os.RemoveAll(f.Workspace()),
		os.RemoveAll(f.Key()), os.RemoveAll(f.Key()+".pub"),
		os.RemoveAll(f.KnownHosts()), os.RemoveAll(f.Inventory()))
}

// replaceFile writes a file that is there whole or not at all, also after a power cut.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
