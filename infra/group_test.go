package infra

import (
	"testing"
	"time"
)

func TestGroupsAreClustersOldestFirst(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	tags := func(run string) map[string]string {
		return map[string]string{TagRun: run, TagStack: "s", TagOwner: "ann@home"}
	}
	young, old := "20261122-110000-aaaaaa", "20261120-110000-bbbbbb"
	groups := GroupByCluster([]Resource{
		{Kind: KindInstance, ID: "i-1", Region: "us-west-2", Tags: tags(young), Placement: &Placement{Type: "c7g.xlarge"}, Launched: now.Add(-time.Hour)},
		{Kind: KindVPC, ID: "vpc-2", Region: "us-west-2", Tags: tags(old)},
		{Kind: KindVPC, ID: "vpc-1", Region: "us-west-2", Tags: tags(young)},
		{Kind: KindVPC, ID: "vpc-3", Region: "us-west-2", Tags: tags("by-hand")},
	}, ListPrices(), now)
	if len(groups) != 3 || groups[0].Cluster != old || groups[1].Cluster != young {
		t.Fatalf("%+v", groups)
	}
	if g := groups[1]; g.Count()[KindVPC] != 1 || g.Owner != "ann@home" || !g.Began.Equal(now.Add(-time.Hour)) || g.Dollars < 0.1 || g.Dollars > 0.3 {
		t.Errorf("the young one: %+v", g)
	}
	if g := groups[0]; g.Dollars != 0 || len(g.Unpriced) > 0 {
		t.Errorf("one without instances costs %+v", g)
	}
	if g := groups[2]; !g.Began.IsZero() {
		t.Errorf("an ID that says nothing says %v", g.Began)
	}
}
