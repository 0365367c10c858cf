package infra

import (
	"fmt"
	"time"
)

// Event is something that happened on the way, for the operator to see.
type Event struct {
	At time.Time `json:"at"`
	// Step is the operation of the moment: lock, repair, create, refresh, destroy, list, sweep, refused, waiting.
	Step string `json:"step"`
	// Name and Kind are those of the thing concerned, "workers-2" and "instance"; empty for the operation itself.
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
	// Done says that the step has ended for this thing; it began before.
	Done bool `json:"done,omitempty"`
	// Detail says more in words.
	Detail string `json:"detail,omitempty"`
}

func (e Event) String() string {
	s := e.Step
	if e.Name != "" {
		s += fmt.Sprintf(" %s %s", e.Kind, e.Name)
	}
	if e.Done {
		s += ": done"
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}
