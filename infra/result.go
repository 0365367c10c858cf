package infra

import (
	"fmt"
	"slices"
	"time"

	"flashmob/inventory"
)

// Changes counts resources by what happened to them, or would.
type Changes struct {
	Create int `json:"create"`
	Update int `json:"update"`
	Delete int `json:"delete"`
	Same   int `json:"same"`
}

// None reports whether everything stayed as it was.
func (c Changes) None() bool { return c.Create+c.Update+c.Delete == 0 }

func (c Changes) String() string {
	return fmt.Sprintf("%d created, %d changed, %d deleted, %d unchanged", c.Create, c.Update, c.Delete, c.Same)
}

// UpResult is what an up came to.
type UpResult struct {
	Cluster       string              `json:"cluster"`
	Inventory     inventory.Inventory `json:"inventory"`
	InventoryFile string              `json:"inventory_file"`
	Zone          string              `json:"zone"`
	Changes       Changes             `json:"changes"`
	Refusals      []Refusal           `json:"refusals,omitempty"`
	// GivenUp are the workers whose instances did not come to run; the next up makes them anew.
	GivenUp []string `json:"given_up,omitempty"`
	// Hourly is dollars an hour; Unpriced says why it is not known when it is zero.
	Hourly   float64 `json:"hourly"`
	Unpriced string  `json:"unpriced,omitempty"`
	// PriceNote says of what date the prices are when that is long ago.
	PriceNote string        `json:"price_note,omitempty"`
	Took      time.Duration `json:"took"`
}

// PreviewResult is what an up would come to.
type PreviewResult struct {
	Spec      Spec     `json:"spec"`
	Changes   Changes  `json:"changes"`
	Resources []string `json:"resources"` // "create instance workers-2"
	Hourly    float64  `json:"hourly"`
	Unpriced  string   `json:"unpriced,omitempty"`
	PriceNote string   `json:"price_note,omitempty"` // as in UpResult
}

// LeftError says that a cluster is not gone.
type LeftError struct {
	Left []Resource
	Err  error // why, if known
}

func (e *LeftError) Error() string {
	s := fmt.Sprintf("destroy cluster: %d resources are left", len(e.Left))
	for _, r := range e.Left {
		s += fmt.Sprintf("; %s %s", r.Kind, r.ID)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *LeftError) Unwrap() error { return e.Err }

// Saw completes the record by what the account lists: when instances were launched, and those that home knew nothing of.
func (r *Record) Saw(listed []Resource) {
	for _, res := range listed {
		if res.Kind != KindInstance {
			continue
		}
		i := slices.IndexFunc(r.Hosts, func(l Life) bool { return l.Instance == res.ID })
		if i < 0 {
			role := inventory.Role(res.Tags[TagRole])
			r.Hosts = append(r.Hosts, Life{Host: res.Tags["Name"], Role: role, Instance: res.ID, DiskGB: r.Spec.DiskGB})
			i = len(r.Hosts) - 1
		}
		if life := &r.Hosts[i]; !res.Launched.IsZero() {
			life.From = res.Launched.UTC().Truncate(time.Second)
		}
		if res.Placement != nil {
			r.Hosts[i].Placement = *res.Placement
		}
	}
}

// Recognize names the cluster of a receipt that was made without a record, where all that the account listed is of one.
func (r *Receipt) Recognize(listed []Resource) {
	if len(listed) == 0 || slices.ContainsFunc(listed, func(l Resource) bool { return l.Run() != listed[0].Run() }) {
		return
	}
	r.Cluster = listed[0].Run()
	if began, ok := idTime(r.Cluster); ok {
		r.Began = began
	}
}

// Compare notes what was there before and is not now, and what is left.
func (r *Receipt) Compare(before, left []Resource) {
	r.Left = append([]Resource{}, left...)
	for _, b := range before {
		if !slices.ContainsFunc(left, func(l Resource) bool { return l.Kind == b.Kind && l.ID == b.ID }) {
			r.Destroyed[string(b.Kind)]++
		}
	}
}
