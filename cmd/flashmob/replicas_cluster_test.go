package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"flashmob/inventory"
)

// electionPatience is how long another replica may take to lead, on a busy machine.
const electionPatience = 90 * time.Second

// clusterHosts returns the hosts of the cluster that process.
func (l *lab) clusterHosts() []inventory.Host {
	l.t.Helper()
	inv, err := inventory.Read(l.path(".flashmob", "clusters", "flashmob", "inventory.yml"))
	if err != nil {
		l.t.Fatal(err)
	}
	return inv.Processing()
}

// leadsLine is what a replica says when its host becomes the run's initializer.
var leadsLine = regexp.MustCompile(`leads: this host is the run's initializer" term=(\d+)`)

// leadingAfter waits until a host of the cluster has become the run's initializer as a later one than the n-th, and returns
// its name and the how manieth it is.
func (l *lab) leadingAfter(n int, said *output) (host string, term int) {
	l.t.Helper()
	for deadline := time.Now().Add(electionPatience); host == ""; { // no event tells
		if time.Now().After(deadline) {
			l.t.Fatalf("no host leads after the %d-th:\n%s", n, said)
		}
		for _, h := range l.clusterHosts() {
			out, _, _ := l.try("ssh", h.Name, "--", "cat .flashmob/runs/*/*.replica.log 2>/dev/null") // its host may be gone
			for _, line := range leadsLine.FindAllStringSubmatch(out, -1) {
				if t, err := strconv.Atoi(line[1]); err == nil && t > max(n, term) {
					host, term = h.Name, t
				}
			}
		}
	}
	return host, term
}

// cut cuts a host off from the other hosts that process; the operator still reaches it.
func (l *lab) cut(host string) {
	l.t.Helper()
	var others []string
	for _, h := range l.clusterHosts() {
		if h.Name != host {
			others = append(others, h.Inside())
		}
	}
	set := strings.Join(others, ", ")
	l.do("ssh", host, "--", fmt.Sprintf("sudo nft 'table inet cut { chain in { type filter hook input priority -10; ip saddr { %s } drop; }; "+
		"chain out { type filter hook output priority -10; ip daddr { %s } drop; }; }'", set, set))
}

// An initializer that is cut off from the other replicas, but not from the operator, is another's predecessor before it knows:
// nothing that it does then counts. Then a run loses the host of its initializer for good.
func TestReplicasOnHostsOutliveTheirInitializer(t *testing.T) {
	l := newLab(t)
	l.up(3)
	args := []string{"--lines", "400000", "--calibrate", "100us", "--compress", "none"}
	run, said := l.start(append([]string{"run", "--replicas", "3", "-o", "cut"}, args...)...)
	old, term := l.leadingAfter(0, said)
	l.cut(old)
	next, _ := l.leadingAfter(term, said)
	if next == old {
		t.Errorf("%s leads again, though it is cut off", old)
	}
	l.do("ssh", old, "--", "sudo nft delete table inet cut")
	for deadline := time.Now().Add(electionPatience); ; time.Sleep(50 * time.Millisecond) { // no event tells
		out, _, _ := l.try("ssh", old, "--", "cat .flashmob/runs/*/*.replica.log 2>/dev/null")
		if strings.Contains(out, `msg="leads no more"`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not say that it leads no more:\n%s\n%s", old, out, said)
		}
	}
	if err := run.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if !strings.Contains(said.String(), "another host is the run's initializer now") {
		t.Errorf("the operator does not say who leads:\n%s", said)
	}
	l.same("cut", "--lines", "400000")

	run, said = l.start(append([]string{"run", "--replicas", "3", "-o", "lost"}, args...)...)
	leader, _ := l.leadingAfter(0, said)
	l.plug(leader)
	if err := run.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	l.same("lost", "--lines", "400000")
	l.down()
}
