package chaos

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"flashmob/inventory"
)

// Kind is what a fault does to a process.
type Kind string

// The kinds of faults.
const (
	Kill      Kind = "kill"      // as kill -9 does; its guard starts it again
	Fell      Kind = "fell"      // killed with its guard: it does not come back, but for a replica that an operator looks after
	Stop      Kind = "stop"      // stopped for longer than the log waits, then let go on
	Slow      Kind = "slow"      // gets a part of its time for a while: a tenth
	Partition Kind = "partition" // its host and the log do not hear of each other for a while. Needs a host of its own
)

// Operator stands for the operator's program where a role is asked for.
const Operator = "operator"

// Replica stands for the processes that hold replicas of the log, beside the workers of their hosts.
const Replica = "replica"

// Targets are all that can be hit.
var Targets = []string{string(inventory.Worker), string(inventory.Initializer), string(inventory.MetricsHost), Replica, Operator}

// Fault is one thing that befalls a process.
type Fault struct {
	After   time.Duration // the pause before it
	Kind    Kind
	Host    string        // or Operator
	Replica bool          // it befalls the process that holds the host's replica of the log, not the worker
	Lasts   time.Duration // of what passes
	Share   int           // of its time, in percent, that a slow one gets. Defaults to 10.
}

func (f Fault) String() string {
	if f.Kind == Kill || f.Kind == Fell {
		return fmt.Sprintf("%s %s", f.Kind, f.process())
	}
	return fmt.Sprintf("%s %s for %v", f.Kind, f.process(), f.Lasts.Round(100*time.Millisecond))
}

// process is the name of the one that it befalls.
func (f Fault) process() string {
	if f.Replica {
		return f.Host + "." + Replica
	}
	return f.Host
}

// plan is the faults of one round, without end.
type plan struct {
	random  *rand.Rand
	every   time.Duration
	victims []victim
	apart   bool // the hosts have networks of their own
	op      bool // the operator may be hit, too
}

// victim is a process that may be hit.
type victim struct {
	host    inventory.Host
	replica bool // the one that holds the host's replica of the log
}

// newPlan returns the plan of a seed for the hosts of an inventory whose roles are among the targets, the first of which hold
// replicas of the log.
func newPlan(seed uint64, every time.Duration, inv inventory.Inventory, replicas int, targets []string) *plan {
	p := &plan{random: rand.New(rand.NewPCG(seed, 1)), every: every, op: slices.Contains(targets, Operator), apart: true}
	for _, host := range inv.Hosts {
		p.apart = p.apart && !host.IsLocal()
		if slices.Contains(targets, string(host.Role)) {
			p.victims = append(p.victims, victim{host: host})
		}
	}
	if replicas > 1 && slices.Contains(targets, Replica) {
		for _, host := range inv.Processing()[:replicas] {
			p.victims = append(p.victims, victim{host: host, replica: true})
		}
	}
	return p
}

// faults returns its faults, one after the other.
func (p *plan) faults() iter.Seq[Fault] {
	return func(yield func(Fault) bool) {
		for yield(p.next()) {
		}
	}
}

// next returns the next fault.
func (p *plan) next() Fault {
	f := Fault{
		After: p.every/2 + time.Duration(p.random.Int64N(int64(p.every))),
		Lasts: 300*time.Millisecond + time.Duration(p.random.Int64N(int64(4*time.Second))),
	}
	n := len(p.victims)
	if p.op {
		n++
	}
	of, kind := p.random.IntN(n), p.random.IntN(8)
	if of == len(p.victims) {
		f.Kind, f.Host = Kill, Operator
		return f
	}
	host := p.victims[of].host
	f.Host, f.Replica = host.Name, p.victims[of].replica
	switch {
	case host.Role == inventory.MetricsHost:
		f.Kind = Kill
	case kind < 4:
		f.Kind = Kill
	case kind == 4 && (host.Role == inventory.Worker || f.Replica):
		f.Kind = Fell
	case kind == 5:
		f.Kind = Slow
	case kind == 6 && host.Role == inventory.Worker && !f.Replica && p.apart:
		f.Kind = Partition
	default:
		f.Kind = Stop
	}
	return f
}

// command is the shell command that does it to the process of a host, in the host's home folder.
func (f Fault) command() string {
	process := fmt.Sprintf(`g=$(cat .flashmob/runs/*/%s.pid 2>/dev/null | tail -n 1); [ -n "$g" ] || exit 0; p=$(cat /proc/$g/task/*/children 2>/dev/null); `, f.process())
	seconds := fmt.Sprintf("%.2f", f.Lasts.Seconds())
	switch f.Kind {
	case Kill:
		return process + `kill -9 ${p:-$g} 2>/dev/null; true`
	case Fell:
		return process + `kill -9 $g $p 2>/dev/null; true`
	case Slow:
		const turn = 100 * time.Millisecond
		share := cmp.Or(f.Share, 10)
		return process + fmt.Sprintf(`[ -n "$p" ] || exit 0; i=0; while [ $i -lt %d ] && kill -STOP $p 2>/dev/null; do sleep 0.%03d; kill -CONT $p; sleep 0.%03d; i=$((i+1)); done; true`, f.Lasts/turn, 100-share, share)
	case Partition:
		rule := "tcp sport 4222 drop; tcp dport 4222 drop;"
		return strings.Join([]string{
			"sudo nft 'table inet chaos { chain in { type filter hook input priority -10; " + rule + " }; chain out { type filter hook output priority -10; " + rule + " }; }'",
			"sleep " + seconds, "sudo nft delete table inet chaos",
		}, " && ")
	}
	return process + fmt.Sprintf(`[ -n "$p" ] || exit 0; kill -STOP $p && sleep %s; kill -CONT $p 2>/dev/null; true`, seconds)
}
