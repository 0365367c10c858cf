package infra

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"flashmob/inventory"
)

// pinned makes the files of a cluster of three hosts and returns them.
func pinned(t *testing.T) (Files, inventory.Inventory, []Life) {
	t.Helper()
	f := Files{Dir: t.TempDir(), Stack: "ann"}
	var hosts []inventory.Host
	var lives []Life
	for i, in := range (Spec{Size: 2, Type: "c7g.large", MetricsType: "c7g.large"}).Instances() {
		key, err := KeepKey(f.HostKey(in.Name))
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, inventory.Host{Name: in.Name, Role: in.Role, Addr: fmt.Sprintf("203.0.113.%d", i+1), HostKey: key.Public})
		lives = append(lives, Life{Host: in.Name, Instance: fmt.Sprintf("i-%d", i)})
	}
	if err := (Record{State: Up, Hosts: lives}).Write(f.Record()); err != nil {
		t.Fatal(err)
	}
	inv, err := f.WriteHosts("c-1", hosts, lives)
	if err != nil {
		t.Fatal(err)
	}
	return f, inv, lives
}

// pins reads what is pinned of a host.
func pins(t *testing.T, f Files, name string) (now, next string, lines int) {
	t.Helper()
	inv, err := inventory.Read(f.Inventory())
	if err != nil {
		t.Fatal(err)
	}
	host, _ := inv.Host(name)
	known, err := os.ReadFile(f.KnownHosts())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(known)) {
		if strings.HasPrefix(line, host.Address()+" ") {
			lines++
		}
	}
	return host.HostKey, host.NextHostKey, lines
}

func TestEitherKeyIsPinnedUntilTheHostHasItsOwn(t *testing.T) {
	f, inv, lives := pinned(t)
	first, next, lines := pins(t, f, "workers-1")
	if first == "" || next == "" || first == next || lines != 2 {
		t.Fatalf("before first contact: %q, %q, %d lines", first, next, lines)
	}
	refused := errors.New("refused")
	if err := f.Rekey("workers-1", func(string) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if a, b, _ := pins(t, f, "workers-1"); a != first || b != next {
		t.Errorf("a host that did not take its key has %q, %q pinned", a, b)
	}
	given := ""
	if err := f.Rekey("workers-1", func(private string) error { given = private; return nil }); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(f.Cluster(), "hostkeys", "i-2"))
	if err != nil || given != string(kept) {
		t.Errorf("the host was given another key than the one that is kept: %v", err)
	}
	if a, b, lines := pins(t, f, "workers-1"); a != next || b != "" || lines != 1 {
		t.Errorf("after first contact: %q, %q, %d lines", a, b, lines)
	}
	if _, b, _ := pins(t, f, "metrics-1"); b == "" {
		t.Error("another host's key counts as given")
	}
	for i := range inv.Hosts { // another up has the keys of the user data to go by
		key, err := KeepKey(f.HostKey(inv.Hosts[i].Name))
		if err != nil {
			t.Fatal(err)
		}
		inv.Hosts[i].HostKey, inv.Hosts[i].NextHostKey = key.Public, ""
	}
	if _, err := f.WriteHosts("c-1", inv.Hosts, lives); err != nil {
		t.Fatal(err)
	}
	if a, b, _ := pins(t, f, "workers-1"); a != next || b != "" {
		t.Errorf("another up pins %q, %q", a, b)
	}
}

func TestAnotherInstanceOfTheNameHasAnotherKey(t *testing.T) {
	f, inv, lives := pinned(t)
	if err := f.Rekey("workers-1", func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	old, _, _ := pins(t, f, "workers-1")
	first, err := KeepKey(f.HostKey("workers-1"))
	if err != nil {
		t.Fatal(err)
	}
	lives[2].Instance = "i-new"
	inv.Hosts[2].HostKey, inv.Hosts[2].NextHostKey = first.Public, ""
	if _, err := f.WriteHosts("c-1", inv.Hosts, lives); err != nil {
		t.Fatal(err)
	}
	if now, next, _ := pins(t, f, "workers-1"); now != first.Public || next == "" || next == old {
		t.Errorf("a host that was made anew has %q, %q pinned", now, next)
	}
}

func TestHostsGetTheirKeysAllAtOnce(t *testing.T) {
	f, inv, _ := pinned(t)
	var group sync.WaitGroup
	for range 3 {
		for _, h := range inv.Hosts {
			group.Go(func() {
				if err := f.Rekey(h.Name, func(string) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	for _, h := range inv.Hosts {
		if now, next, lines := pins(t, f, h.Name); now != h.NextHostKey || next != "" || lines != 1 {
			t.Errorf("%s: %q, %q, %d lines", h.Name, now, next, lines)
		}
	}
	if err := f.Rekey("workers-9", func(string) error { return nil }); err == nil || !strings.Contains(err.Error(), "no such host in the record") {
		t.Errorf("got %v", err)
	}
}
