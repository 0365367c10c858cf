package infra_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"flashmob/infra"
	"flashmob/infra/infratest"
)

func tags(run, stack, owner string) map[string]string {
	return map[string]string{infra.TagRun: run, infra.TagStack: stack, infra.TagOwner: owner, "Name": stack + "-thing"}
}

// fill puts a whole cluster into the cloud.
func fill(c *infratest.Cloud, tags map[string]string) {
	vpc := c.Add(infratest.Thing{Kind: "vpc", Tags: tags})
	subnet := c.Add(infratest.Thing{Kind: "subnet", Tags: tags, Uses: []string{vpc}})
	group := c.Add(infratest.Thing{Kind: "security-group", Tags: tags, Uses: []string{vpc}})
	c.Add(infratest.Thing{Kind: "internet-gateway", Tags: tags, Uses: []string{vpc}})
	c.Add(infratest.Thing{Kind: "route-table", Tags: tags, Uses: []string{vpc, subnet}})
	c.Add(infratest.Thing{Kind: "key-pair", Tags: tags})
	c.Add(infratest.Thing{Kind: "address", Tags: tags})
	for range 3 {
		instance := c.Add(infratest.Thing{Kind: "instance", Type: "c7g.large", Spot: true, Tags: tags, Uses: []string{subnet, group}})
		c.Add(infratest.Thing{Kind: "volume", Tags: tags, Uses: []string{instance}})
	}
	c.Add(infratest.Thing{Kind: "volume", Tags: tags})
}

func openAccount(t *testing.T) *infra.Account {
	t.Helper()
	account, err := infra.OpenAccount(context.Background(), "us-west-2")
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func TestSweepDeletesOneClusterAndNoOther(t *testing.T) {
	cloud := infratest.New(t)
	fill(cloud, tags("run-1", "flashmob", "ann@laptop"))
	fill(cloud, tags("run-2", "flashmob", "bob@laptop"))
	cloud.Add(infratest.Thing{Kind: "vpc", Tags: map[string]string{"Name": "not ours"}})
	account := openAccount(t)
	ctx := context.Background()

	found, err := account.List(ctx, infra.Filter{Run: "run-1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 14 {
		t.Fatalf("listed %d: %v", len(found), found)
	}
	if in := found[0]; in.Kind != infra.KindInstance || in.Placement.Type != "c7g.large" || !in.Placement.Spot || in.Launched.IsZero() {
		t.Errorf("first listed: %+v", in)
	}
	var told []infra.Resource
	if err := account.Sweep(ctx, found, func(r infra.Resource) { told = append(told, r) }); err != nil {
		t.Fatal(err)
	}
	if len(told) != 14 {
		t.Errorf("told of %d deletions", len(told))
	}
	left, err := account.Settle(ctx, infra.Filter{Run: "run-1"}, 0)
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	others, err := account.List(ctx, infra.Filter{})
	if err != nil || len(others) != 14 {
		t.Errorf("of others: %d, %v", len(others), err)
	}
	if all := cloud.Things("vpc"); len(all) != 2 {
		t.Errorf("networks after the sweep: %v", all)
	}
}

func TestListByOwnerAndStack(t *testing.T) {
	cloud := infratest.New(t)
	cloud.Add(infratest.Thing{Kind: "vpc", Tags: tags("run-1", "flashmob", "ann@laptop")})
	cloud.Add(infratest.Thing{Kind: "vpc", Tags: tags("run-2", "flashmob", "bob@laptop")})
	cloud.Add(infratest.Thing{Kind: "vpc", Tags: tags("run-3", "other", "ann@laptop")})
	for _, tc := range []struct {
		filter infra.Filter
		want   string
	}{
		{infra.Filter{}, "run-1 run-2 run-3"},
		{infra.Filter{Owner: "ann@laptop"}, "run-1 run-3"},
		{infra.Filter{Owner: "ann@laptop", Stack: "flashmob"}, "run-1"},
		{infra.Filter{Run: "run-9"}, ""},
	} {
		found, err := openAccount(t).List(context.Background(), tc.filter)
		if err != nil {
			t.Fatal(err)
		}
		var runs []string
		for _, r := range found {
			runs = append(runs, r.Run())
		}
		slices.Sort(runs)
		if got := strings.Join(runs, " "); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.filter, got, tc.want)
		}
	}
}

func TestSweepGoesOnAfterAnError(t *testing.T) {
	cloud := infratest.New(t)
	fill(cloud, tags("run-1", "flashmob", "ann@laptop"))
	key := cloud.Things("key-pair")[0].ID
	cloud.Stuck = []string{key}
	account := openAccount(t)
	found, err := account.List(context.Background(), infra.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	err = account.Sweep(context.Background(), found, nil)
	if err == nil || !strings.Contains(err.Error(), "delete key-pair "+key+": UnauthorizedOperation: DeleteKeyPair of "+key) {
		t.Errorf("got %v", err)
	}
	if left := cloud.Things(""); len(left) != 1 || left[0].ID != key {
		t.Errorf("left: %v", left)
	}
}

func TestSweepOfWhatIsGoneIsDone(t *testing.T) {
	cloud := infratest.New(t)
	fill(cloud, tags("run-1", "flashmob", "ann@laptop"))
	account := openAccount(t)
	found, err := account.List(context.Background(), infra.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := account.Sweep(context.Background(), slices.DeleteFunc(slices.Clone(found), func(r infra.Resource) bool {
			return r.Kind != infra.KindInstance && r.Kind != infra.KindKeyPair
		}), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListSaysWhatTheServiceSaid(t *testing.T) {
	infratest.New(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := openAccount(t).List(ctx, infra.Filter{})
	if err == nil || !strings.HasPrefix(err.Error(), "list instance in us-west-2: ") || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
