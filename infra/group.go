package infra

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Group is what an account lists of one cluster, whoever made it.
type Group struct {
	Cluster   string     `json:"cluster"` // its ID, the tag flashmob:run
	Stack     string     `json:"stack"`
	Owner     string     `json:"owner"`
	Region    string     `json:"region"`
	Began     time.Time  `json:"began,omitzero"` // when it was made, as its ID says
	Resources []Resource `json:"resources"`
	// Dollars is what its living instances have cost so far, at list prices; those that have ended are not listed
	// any more, and not counted.
	Dollars  float64  `json:"dollars"`
	Unpriced []string `json:"unpriced,omitempty"`
}

// GroupByCluster sorts resources into clusters, the oldest first.
func GroupByCluster(resources []Resource, prices Prices, now time.Time) []Group {
	var groups []Group
	for _, r := range resources {
		i := slices.IndexFunc(groups, func(g Group) bool { return g.Cluster == r.Run() })
		if i < 0 {
			i = len(groups)
			groups = append(groups, Group{Cluster: r.Run(), Stack: r.Tags[TagStack], Owner: r.Tags[TagOwner], Region: r.Region})
		}
		groups[i].Resources = append(groups[i].Resources, r)
	}
	for i := range groups {
		groups[i].price(prices, now)
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return groups
}

func (g *Group) price(prices Prices, now time.Time) {
	record := Record{Spec: Spec{ID: g.Cluster, Region: g.Region}.WithDefaults()}
	record.Saw(g.Resources)
	receipt := NewReceipt(record, prices, now)
	g.Dollars, g.Unpriced = receipt.Dollars, receipt.Unpriced
	if began, ok := idTime(g.Cluster); ok {
		g.Began = began
	}
}

// idTime is when an ID was made (see NewID); false for a cluster whose ID somebody else chose.
func idTime(id string) (time.Time, bool) {
	const layout = "20060102-150405"
	if len(id) <= len(layout) || !strings.HasPrefix(id[len(layout):], "-") {
		return time.Time{}, false
	}
	at, err := time.Parse(layout, id[:len(layout)])
	return at, err == nil
}

// Count is how many resources of each kind the group has.
func (g Group) Count() map[Kind]int {
	counts := map[Kind]int{}
	for _, r := range g.Resources {
		counts[r.Kind]++
	}
	return counts
}
