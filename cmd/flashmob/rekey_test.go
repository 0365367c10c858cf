package main

import (
	"os"
	"strings"
	"testing"

	"flashmob/infra"
	"flashmob/inventory"
)

// The keys that stand in the hosts' user data are of no use to anybody once up has been there.
func TestHostsGetKeysOfTheirOwnAtFirstContact(t *testing.T) {
	l := newLab(t)
	l.up(2)
	files := infra.Files{Dir: l.path(".flashmob")}
	inv, err := inventory.Read(files.Inventory())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, host := range inv.Hosts {
		first, err := os.ReadFile(files.HostKey(host.Name) + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		shown := l.do("ssh", host.Name, "--", "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
		if host.NextHostKey != "" || !strings.HasPrefix(shown, host.HostKey+" ") || strings.HasPrefix(shown, strings.TrimSpace(string(first))) {
			t.Errorf("%s shows %s, pinned are %q and %q; its user data had %s", host.Name, shown, host.HostKey, host.NextHostKey, first)
		}
		seen[host.HostKey] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d keys for 3 hosts", len(seen))
	}
	l.up(3) // what is there keeps its key, what is new gets one
	l.do("hosts")

	// Somebody who has read the user data plays a host.
	stolen, err := os.ReadFile(files.HostKey("workers-1"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := l.program("flashmob", "ssh", "workers-1", "--", "sudo sh -c 'cat > /etc/ssh/ssh_host_ed25519_key && systemctl reload ssh'")
	cmd.Stdin = strings.NewReader(string(stolen))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	until := func() (said string) {
		for range 100 { // sshd reads its keys again when it comes to it
			var exit int
			if _, said, exit = l.try("run", "--lines", "10", "-o", "out", "--min-hosts", "3", "--force"); exit != exitDone {
				return said
			}
		}
		return said
	}
	if said := until(); !strings.Contains(said, "workers-1: connect: ") || strings.Count(said, "SHA256:") != 2 {
		t.Errorf("a host with the key of its user data is told:\n%s", said)
	}
	l.down()
}
