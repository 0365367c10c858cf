package orchestrator

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"flashmob/inventory"
)

func pinOf(key ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) }

func TestEitherOfTwoPinnedKeysIsRightAndNoThird(t *testing.T) {
	_, first := newKey(t)
	_, next := newKey(t)
	_, third := newKey(t)
	host := inventory.Host{Name: "a", HostKey: pinOf(first.PublicKey()), NextHostKey: pinOf(next.PublicKey())}
	check, _, err := hostKeyCheck(inventory.Inventory{}, host)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []ssh.PublicKey{first.PublicKey(), next.PublicKey()} {
		if err := check("a:22", nil, key); err != nil {
			t.Error(err)
		}
	}
	err = check("a:22", nil, third.PublicKey())
	if !errors.Is(err, ErrHostKey) || strings.Count(err.Error(), "SHA256:") != 3 {
		t.Errorf("a third key: %v", err)
	}
	host.NextHostKey = "nonsense"
	if _, _, err := hostKeyCheck(inventory.Inventory{}, host); err == nil || !strings.Contains(err.Error(), "host key of the inventory") {
		t.Errorf("got %v", err)
	}
}

// A host that has its own key already, because whoever gave it did not live to write that down, is only asked to show it.
func TestHostThatHasItsOwnKeyIsOnlyAskedToShowIt(t *testing.T) {
	all, config, _ := hosts(t, 1, 10)
	_, first := newKey(t)
	h := &config.Inventory.Hosts[0]
	h.HostKey, h.NextHostKey = pinOf(first.PublicKey()), pinOf(all[0].key)
	proved := make(chan string, 1)
	config.Rekey = func(host string, install func(string) error) error {
		if err := install("not to be sent"); err != nil {
			return err
		}
		proved <- host
		return nil
	}
	_, wait, _ := begin(t, config)
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	if host := <-proved; host != h.Name {
		t.Errorf("%s has proved its key", host)
	}
}

// What keeps a host from getting its own key does not keep the run from going on; the next contact tries again.
func TestRunGoesOnWithHostsThatKeepTheirFirstKey(t *testing.T) {
	_, config, _ := hosts(t, 1, 10)
	_, next := newKey(t)
	config.Inventory.Hosts[0].NextHostKey = pinOf(next.PublicKey())
	config.Rekey = func(string, func(string) error) error { return errors.New("no room") }
	_, wait, _ := begin(t, config)
	if err := wait(); err != nil {
		t.Fatal(err)
	}
}
