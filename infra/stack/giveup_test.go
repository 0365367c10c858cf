package stack

import (
	"context"
	"strings"
	"testing"

	"flashmob/infra"
	"flashmob/infra/infratest"
)

// hanging makes the next instances of the hosts stay pending for ever, each once.
func hanging(cloud *infratest.Cloud, hosts ...string) {
	left := map[string]bool{}
	for _, host := range hosts {
		left["flashmob-"+host] = true
	}
	cloud.Hangs = func(thing infratest.Thing) bool {
		name := thing.Tags["Name"]
		defer delete(left, name)
		return left[name]
	}
}

func TestWorkerThatStaysPendingIsGivenUp(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	hanging(cloud, "workers-2")
	var said []string
	c.Notify = func(e infra.Event) {
		if e.Step == "given up" {
			said = append(said, e.String())
		}
	}
	result := up(t, c, threeHosts())
	if len(result.GivenUp) != 1 || result.GivenUp[0] != "workers-2" || len(result.Inventory.Processing()) != 2 {
		t.Errorf("given up %v; hosts %v", result.GivenUp, result.Inventory.Hosts)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "given up Instance workers-2: instance-") || !strings.Contains(said[0], "still pending after 3m0s") {
		t.Errorf("it says %q", said)
	}
	if c := result.Changes; c.Create != 11 || c.Same != 0 {
		t.Errorf("changes %v: all is new", c)
	}
	if n := len(cloud.Things("instance")); n != 3 {
		t.Errorf("%d instances are left: %v", n, cloud.Things("instance"))
	}
	if again := up(t, c, infra.Spec{}); again.Changes.Create != 1 || len(again.GivenUp) != 0 || len(again.Inventory.Processing()) != 3 {
		t.Errorf("another up: %+v, given up %v", again.Changes, again.GivenUp)
	}
	if receipt := down(t, c); len(cloud.Things("")) != 0 || len(receipt.Bills) != 5 {
		t.Errorf("left %v, receipt\n%s", cloud.Things(""), receipt.Text())
	}
}

func TestTooFewHostsThatRunAreNoCluster(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	spec := threeHosts()
	for _, tc := range []struct {
		hang []string
		min  int
		want string
	}{
		{[]string{"workers-1", "workers-2"}, 2, "workers-1, workers-2: not running after 3m0s, given up: 1 that process are left, at least 2 are needed"},
		{[]string{"initializer-1"}, 1, "initializer-1: not running after 3m0s, given up: no cluster is without it"},
	} {
		hanging(cloud, tc.hang...)
		spec.MinHosts = tc.min
		if _, err := c.Up(context.Background(), spec); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got  %v\nwant %s", err, tc.want)
		}
		for _, in := range cloud.Things("instance") {
			if in.State != "running" {
				t.Errorf("left %+v", in)
			}
		}
		if result := up(t, c, infra.Spec{}); len(result.Inventory.Processing()) != 3 {
			t.Errorf("another up makes %v", result.Inventory.Hosts)
		}
		down(t, c)
	}
}

func TestTypeThatIsNotKnownIsSkippedOrAnError(t *testing.T) {
	cloud, c := cloudAndCluster(t)
	cloud.Refuse = func(thing infratest.Thing) string {
		switch {
		case thing.Kind != "instance" || thing.Type == "c7g.large":
		case thing.Type == "c7g.xlarge":
			return "InsufficientInstanceCapacity: there is none"
		case thing.Type == "c9x.xlarge":
			return "InvalidParameterValue: Invalid value 'c9x.xlarge' for InstanceType."
		}
		return ""
	}
	spec := threeHosts()
	spec.MoreTypes = []string{"c9x.xlarge", "c6g.xlarge"}
	result := up(t, c, spec)
	last := result.Refusals[len(result.Refusals)-1].String()
	if !strings.HasPrefix(last, "c9x.xlarge on demand in us-west-2") || strings.Count(last, "c9x") != 1 || len(result.Inventory.Hosts) != 4 {
		t.Errorf("refused %v; hosts %v", result.Refusals, result.Inventory.Hosts)
	}
	if n := len(result.Refusals); n != 3 { // both zones of the first, and the second once
		t.Errorf("%d refusals: %v", n, result.Refusals)
	}
	down(t, c)
	spec = threeHosts()
	spec.Type, spec.MetricsType, spec.MoreTypes = "c9x.xlarge", "c7g.large", []string{"c6g.xlarge"}
	if _, err := c.Up(context.Background(), spec); err == nil || !strings.Contains(err.Error(), `instance type "c9x.xlarge": us-west-2 has none; near it are `) {
		t.Errorf("got %v", err)
	}
	down(t, c)
}
