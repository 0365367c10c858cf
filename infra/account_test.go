package infra_test

import (
	"context"
	"strings"
	"testing"

	"flashmob/infra"
	"flashmob/infra/infratest"
)

func TestListReadsEveryPage(t *testing.T) {
	cloud := infratest.New(t)
	for range 3 {
		fill(cloud, tags("run-1", "flashmob", "ann@laptop"))
	}
	whole, err := openAccount(t).List(context.Background(), infra.Filter{Run: "run-1"})
	if err != nil {
		t.Fatal(err)
	}
	calls := len(cloud.Calls())
	cloud.Page = 2
	paged, err := openAccount(t).List(context.Background(), infra.Filter{Run: "run-1"})
	if err != nil || len(paged) != 42 || len(whole) != len(paged) {
		t.Errorf("%d things in pages of 2, %d in one, of 42: %v", len(paged), len(whole), err)
	}
	if made := len(cloud.Calls()) - calls; made <= calls {
		t.Errorf("%d calls for pages of 2, %d for whole lists: nothing is proven", made, calls)
	}
}

func TestThrottledCallsAreMadeAgain(t *testing.T) {
	cloud := infratest.New(t)
	fill(cloud, tags("run-1", "flashmob", "ann@laptop"))
	cloud.Throttle = 1
	if _, err := openAccount(t).List(context.Background(), infra.Filter{}); err == nil || !strings.Contains(err.Error(), "RequestLimitExceeded") {
		t.Errorf("one attempt was asked for, and yet: %v", err)
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "")
	cloud.Throttle = 3
	found, err := openAccount(t).List(context.Background(), infra.Filter{})
	if err != nil || len(found) != 14 {
		t.Errorf("listed %d of 14: %v", len(found), err)
	}
}

func TestFateOfAnInstance(t *testing.T) {
	cloud := infratest.New(t)
	running := cloud.Add(infratest.Thing{Kind: "instance"})
	pending := cloud.Add(infratest.Thing{Kind: "instance", State: "pending"})
	ended := cloud.Add(infratest.Thing{Kind: "instance", State: "terminated"})
	taken := cloud.Add(infratest.Thing{Kind: "instance", State: "shutting-down", Reason: "Spot instance termination"})
	for id, want := range map[string]string{
		running: "", pending: "", ended: "terminated", taken: "shutting-down (Spot instance termination)",
		"i-none": "not known to the account any more",
	} {
		if got, err := openAccount(t).Fate(context.Background(), id); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", id, got, err, want)
		}
	}
	cloud.Throttle = 1
	if got, err := openAccount(t).Fate(context.Background(), running); got != "" || err == nil {
		t.Errorf("without an answer: %q, %v", got, err)
	}
}

func TestCountsAreWords(t *testing.T) {
	for _, c := range []struct {
		kind infra.Kind
		n    int
		want string
	}{
		{infra.KindInstance, 1, "1 instance"}, {infra.KindKeyPair, 2, "2 key pairs"}, {infra.KindVPC, 1, "1 VPC"}, {infra.KindVPC, 0, "0 VPCs"},
		{infra.KindAddress, 3, "3 addresses"}, {infra.KindAddress, 1, "1 address"},
	} {
		if got := c.kind.Count(c.n); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestReceiptWithoutARecordNamesTheOneClusterThatWasThere(t *testing.T) {
	of := func(run string) infra.Resource { return infra.Resource{Tags: map[string]string{infra.TagRun: run}} }
	unknown := infra.Receipt{Cluster: "unknown"}
	two := unknown
	two.Recognize([]infra.Resource{of("20261125-120000-aaaaaa"), of("20261125-130000-bbbbbb")})
	none := unknown
	none.Recognize(nil)
	if two.Cluster != "unknown" || none.Cluster != "unknown" {
		t.Errorf("of two: %s, of none: %s", two.Cluster, none.Cluster)
	}
	one := unknown
	one.Recognize([]infra.Resource{of("20261125-120000-aaaaaa"), of("20261125-120000-aaaaaa")})
	if one.Cluster != "20261125-120000-aaaaaa" || one.Began.Hour() != 12 {
		t.Errorf("of one: %+v", one)
	}
}
