package cloud

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"time"
)

// Kind says what a fault does.
type Kind string

// The kinds of fault, and the fields of Fault that each reads beside the matching ones and Skip and Times.
const (
	Capacity   Kind = "capacity"    // a launch is refused: Code (InsufficientInstanceCapacity)
	APIError   Kind = "api-error"   // a call is refused: Action, Code (InternalError), Status (500), Lost
	SlowBoot   Kind = "slow-boot"   // the instance stays pending: For
	SSHRefused Kind = "ssh-refused" // the host is up, its sshd is not: For
	Preempt    Kind = "preempt"     // the spot instance is taken away: After
	SlowLink   Kind = "slow-link"   // the host's link is shaped: Rate
	Late       Kind = "late"        // what a call makes is not listed yet: Action, For
)

// Fault is one thing that goes wrong on order. Zone, Type, Name and Spot narrow down which launches it strikes; empty
// fields match everything. Of the calls or launches that match, it lets Skip pass and then strikes Times of them.
type Fault struct {
	Kind   Kind          `json:"kind"`
	Zone   string        `json:"zone,omitempty"`
	Type   string        `json:"type,omitempty"`   // instance type, with wildcards
	Name   string        `json:"name,omitempty"`   // tag Name, with wildcards
	Spot   *bool         `json:"spot,omitempty"`   // only spot launches, or only others
	Action string        `json:"action,omitempty"` // API action, with wildcards; defaults to every action
	Skip   int           `json:"skip,omitempty"`
	Times  int           `json:"times,omitempty"` // defaults to 1; -1 is until cleared
	Code   string        `json:"code,omitempty"`
	Status int           `json:"status,omitempty"`
	Lost   bool          `json:"lost,omitempty"` // the call takes effect, only its answer is lost
	After  time.Duration `json:"after,omitempty"`
	For    time.Duration `json:"for,omitempty"`
	Rate   int           `json:"rate,omitempty"` // bytes a second
	Struck int           `json:"struck,omitempty"`
}

// check refuses an order that could never do anything.
func (f *Fault) check() error {
	switch f.Kind {
	case Capacity, APIError, Preempt:
	case SlowBoot, SSHRefused, Late:
		if f.For <= 0 {
			return fmt.Errorf("fault %s: for: must be above 0", f.Kind)
		}
	case SlowLink:
		if f.Rate <= 0 {
			return fmt.Errorf("fault %s: rate: must be above 0", f.Kind)
		}
	default:
		return fmt.Errorf("fault %q: no such kind", f.Kind)
	}
	return nil
}

// strikes counts one match and says whether this is one of those that the fault strikes.
func (f *Fault) strikes() bool {
	if f.Skip > 0 {
		f.Skip--
		return false
	}
	times := f.Times
	if times == 0 {
		times = 1
	}
	if times > 0 && f.Struck >= times {
		return false
	}
	f.Struck++
	return true
}

func (f *Fault) matches(i *instance, name string) bool {
	return glob(f.Type, i.Type) && glob(f.Zone, i.Zone) && glob(f.Name, name) && (f.Spot == nil || *f.Spot == i.Spot)
}

func glob(pattern, value string) bool {
	if pattern == "" {
		return true
	}
	matched, err := path.Match(pattern, value)
	return err == nil && matched
}

// capacity refuses a launch that a fault says there is no room for.
func (c *Cloud) capacity(order *instance, count int) error {
	for _, f := range c.Faults {
		if f.Kind != Capacity || !f.matches(order, "") || !f.strikes() {
			continue
		}
		if f.Code != "" && f.Code != "InsufficientInstanceCapacity" {
			return refuse(f.Code, "Refused on order of the sandbox (%d × %s in %s).", count, order.Type, order.Zone)
		}
		return &Error{http.StatusInternalServerError, "InsufficientInstanceCapacity", fmt.Sprintf(
			"We currently do not have sufficient %s capacity in the Availability Zone you requested (%s).",
			order.Type, order.Zone)}
	}
	return nil
}

// callFault returns the fault that strikes a call, if any.
func (c *Cloud) callFault(action string) *Fault {
	for _, f := range c.Faults {
		if f.Kind == APIError && glob(f.Action, action) && f.strikes() {
			return f
		}
	}
	return nil
}

// hideNew keeps what a call has made, as against before, from being listed for as long as a fault orders. Like EC2's,
// the account itself knows of it at once: only Describe calls are behind.
func (c *Cloud) hideNew(action string, before map[string]object) {
	made := c.all()
	maps.DeleteFunc(made, func(id string, _ object) bool { return before[id] != nil })
	if len(made) == 0 {
		return
	}
	for _, f := range c.Faults {
		if f.Kind == Late && glob(f.Action, action) && f.strikes() { // one strike hides all of it: a network comes with a route table and a group
			for id := range made {
				c.late[id] = time.Now().Add(f.For)
			}
		}
	}
}

func (f *Fault) error() *Error {
	e := &Error{f.Status, f.Code, "Refused on order of the sandbox."}
	if e.Status == 0 {
		e.Status = http.StatusInternalServerError
	}
	if e.Code == "" {
		e.Code = "InternalError"
	}
	return e
}

// orderFaults sets on a new instance what is ordered for it.
func (c *Cloud) orderFaults(i *instance) {
	for _, f := range c.Faults {
		if f.Kind == Capacity || f.Kind == APIError || f.Kind == Late || !f.matches(i, i.Labels["Name"]) {
			continue
		}
		if f.Kind == Preempt && !i.Spot || !f.strikes() {
			continue
		}
		switch f.Kind {
		case SlowBoot:
			i.BootDelay = f.For
		case SSHRefused:
			i.SSHDelay = f.For
		case SlowLink:
			i.LinkRate = f.Rate
		case Preempt:
			c.preempt(i, f.After)
		}
	}
}

// preempt takes an instance away after a while. The caller holds the lock.
func (c *Cloud) preempt(i *instance, after time.Duration) {
	c.tasks.Go(func() {
		if !c.pause(after) {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.terminate(i, "Server.SpotInstanceTermination: Spot instance termination")
		c.persist()
	})
}
