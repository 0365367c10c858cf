package chaos

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flashmob/inventory"
)

// faults returns the first n faults of a plan.
func faults(p *plan, n int) (all []Fault) {
	for range n {
		all = append(all, p.next())
	}
	return all
}

func TestASeedPlaysTheSameFaultsAgain(t *testing.T) {
	first := faults(newPlan(7, time.Second, Local(3), 3, Targets), 100)
	if again := faults(newPlan(7, time.Second, Local(3), 3, Targets), 100); !slices.Equal(first, again) {
		t.Error("the same seed is another plan")
	}
	if other := faults(newPlan(8, time.Second, Local(3), 3, Targets), 100); slices.Equal(first, other) {
		t.Error("another seed is the same plan")
	}
}

func TestSomebodyHasToBeHit(t *testing.T) {
	for _, c := range []struct {
		replicas int
		kill     string
		want     string
	}{{1, "worker", ""}, {1, Operator, ""}, {3, Replica, ""}, {1, Replica, "no such process"}, {5, Replica, "only 4 hosts"}} {
		config := Config{Inventory: Local(3), Every: time.Second, Replicas: c.replicas, Kill: []string{c.kill}}
		if err := config.Check(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d replicas, kill %s: %v", c.replicas, c.kill, err)
		}
	}
}

// Only what is asked for is hit, only workers go for good, and hosts that share a network are not cut off.
func TestPlanHitsWhatItMay(t *testing.T) {
	apart := Local(2)
	for i := range apart.Hosts {
		apart.Hosts[i].Connection = inventory.SSH
	}
	for name, c := range map[string]struct {
		inv     inventory.Inventory
		targets []string
		want    []string // all kinds and hosts that come
	}{
		"worker":      {Local(2), []string{"worker"}, []string{"fell workers-1", "fell workers-2", "kill workers-1", "kill workers-2", "slow workers-1", "slow workers-2", "stop workers-1", "stop workers-2"}},
		"initializer": {Local(2), []string{"initializer"}, []string{"kill initializer-1", "slow initializer-1", "stop initializer-1"}},
		"others":      {Local(2), []string{"metrics_host", "operator"}, []string{"kill metrics-1", "kill operator"}},
		"replicas": {Local(3), []string{"replica"}, []string{"fell initializer-1.replica", "fell workers-1.replica", "fell workers-2.replica",
			"kill initializer-1.replica", "kill workers-1.replica", "kill workers-2.replica", "slow initializer-1.replica", "slow workers-1.replica",
			"slow workers-2.replica", "stop initializer-1.replica", "stop workers-1.replica", "stop workers-2.replica"}},
		"apart": {apart, []string{"worker"}, []string{"fell workers-1", "fell workers-2", "kill workers-1", "kill workers-2", "partition workers-1", "partition workers-2", "slow workers-1", "slow workers-2", "stop workers-1", "stop workers-2"}},
	} {
		var got []string
		for _, f := range faults(newPlan(1, time.Second, c.inv, 3, c.targets), 500) {
			if f.After < time.Second/2 || f.After > 2*time.Second || f.Lasts <= 0 || f.Lasts > 5*time.Second {
				t.Errorf("%s: %+v", name, f)
			}
			got = append(got, string(f.Kind)+" "+f.process())
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestFaultsSayWhatTheyDo(t *testing.T) {
	for want, f := range map[string]Fault{
		"kill workers-1":            {Kind: Kill, Host: "workers-1", Lasts: time.Second},
		"kill workers-1.replica":    {Kind: Kill, Host: "workers-1", Replica: true},
		"stop initializer-1 for 2s": {Kind: Stop, Host: "initializer-1", Lasts: 2 * time.Second},
		"partition workers-1 for 1.5s": {
			Kind: Partition, Host: "workers-1", Lasts: 1500 * time.Millisecond},
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if f.Host != Operator && f.Kind != Partition && !strings.Contains(f.command(), "/"+f.process()+".pid") {
			t.Errorf("%s: %s", want, f.command())
		}
	}
}
