package infra

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Receipt is what a cluster was, what it cost, and the proof that it is gone.
type Receipt struct {
	Cluster string    `json:"cluster"`
	Stack   string    `json:"stack"`
	Region  string    `json:"region"`
	Owner   string    `json:"owner"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	// Left is what the account still lists under the cluster's tags; empty when all is gone.
	Left []Resource `json:"left"`
	// Destroyed counts what was there before and is not now, by kind.
	Destroyed map[string]int `json:"destroyed"`
	// Swept is what Pulumi's state did not know and was found by tag.
	Swept []Resource `json:"swept,omitempty"`
	Bills []Bill     `json:"bills"`
	// Dollars is the sum of the bills that have a price.
	Dollars float64 `json:"dollars"`
	// Unpriced are the reasons why Dollars is not the whole sum.
	Unpriced   []string  `json:"unpriced,omitempty"`
	PricesAsOf string    `json:"prices_as_of"`
	Refusals   []Refusal `json:"refusals,omitempty"`
	// DestroyTook is how long Pulumi took, ProofTook all the asking of the account and what was swept by tag.
	DestroyTook time.Duration `json:"destroy_took,omitempty"`
	ProofTook   time.Duration `json:"proof_took,omitempty"`
}

// Bill is what one instance cost with its disk and its address.
type Bill struct {
	Life
	Hours   float64 `json:"hours"`
	Rate    float64 `json:"rate"` // dollars an hour; 0 when there is no price
	Dollars float64 `json:"dollars"`
}

// minimumBill is the shortest time that an instance is billed for.
const minimumBill = time.Minute

// NewReceipt makes the bills of a cluster that ended at a time.
func NewReceipt(record Record, prices Prices, ended time.Time) Receipt {
	spec := record.Spec
	r := Receipt{
		Cluster: spec.ID, Stack: spec.Stack, Region: spec.Region, Owner: spec.Owner,
		Began: record.Began, Ended: ended.UTC().Truncate(time.Second),
		Left: []Resource{}, Destroyed: map[string]int{}, Bills: []Bill{},
		PricesAsOf: prices.In(spec.Region).AsOf, Refusals: record.Refusals,
	}
	for _, life := range record.Hosts {
		if life.To.IsZero() {
			life.To = r.Ended
		}
		billed := max(life.To.Sub(life.From), minimumBill)
		bill := Bill{Life: life, Hours: billed.Hours()}
		rate, err := prices.host(spec.Region, life.Placement, life.DiskGB)
		if err != nil {
			r.Unpriced = append(r.Unpriced, fmt.Sprintf("%s: %v", life.Host, err))
		}
		bill.Rate, bill.Dollars = rate, rate*bill.Hours
		r.Dollars += bill.Dollars
		r.Bills = append(r.Bills, bill)
	}
	slices.SortStableFunc(r.Bills, func(a, b Bill) int { return cmp.Compare(a.Host, b.Host) })
	return r
}

// String is the last line of a down: "0 left, $0.31, 6m12s".
func (r Receipt) String() string {
	money := fmt.Sprintf("$%.2f", r.Dollars)
	if len(r.Unpriced) > 0 {
		money = fmt.Sprintf("at least %s (%d of %d hosts have no price)", money, len(r.Unpriced), len(r.Bills))
	}
	return fmt.Sprintf("%d left, %s, %v", len(r.Left), money, r.Ended.Sub(r.Began).Round(time.Second))
}

// Text is the receipt for a person.
func (r Receipt) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster %s (%s) of %s in %s\n", r.Cluster, r.Stack, r.Owner, r.Region)
	for _, bill := range r.Bills {
		market := "on demand"
		if bill.Spot {
			market = "spot"
		}
		price := "no price"
		if bill.Rate > 0 {
			price = fmt.Sprintf("$%.4f/h  $%.4f", bill.Rate, bill.Dollars)
		}
		fmt.Fprintf(&b, "  %-15s %-13s %-9s %9v  %s\n", bill.Host, bill.Type, market,
			bill.To.Sub(bill.From).Round(time.Second), price)
	}
	for _, refusal := range r.Refusals {
		fmt.Fprintf(&b, "  %v\n", refusal)
	}
	if len(r.Destroyed) > 0 {
		var parts []string
		for _, kind := range slices.Sorted(maps.Keys(r.Destroyed)) {
			parts = append(parts, Kind(kind).Count(r.Destroyed[kind]))
		}
		fmt.Fprintf(&b, "destroyed: %s\n", strings.Join(parts, ", "))
	}
	for _, res := range r.Swept {
		fmt.Fprintf(&b, "swept by tag: %v\n", res)
	}
	for _, res := range r.Left {
		fmt.Fprintf(&b, "STILL THERE: %v\n", res)
	}
	for _, reason := range r.Unpriced {
		fmt.Fprintf(&b, "%s\n", reason)
	}
	if took := r.DestroyTook + r.ProofTook; took > 0 {
		fmt.Fprintf(&b, "time     %.2f s: destroy %.2f s, proof %.2f s\n", took.Seconds(), r.DestroyTook.Seconds(), r.ProofTook.Seconds())
	}
	fmt.Fprintf(&b, "list prices as of %s, spot typical; hosts with disk and address, without data transfer\n", r.PricesAsOf)
	return b.String() + r.String() + "\n"
}

// Write keeps the receipt as dir/ID.json and returns the path.
func (r Receipt) Write(dir string) (string, error) {
	path := filepath.Join(dir, r.Cluster+".json")
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = replaceFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return "", fmt.Errorf("write receipt %s: %w", path, err)
	}
	return path, nil
}
