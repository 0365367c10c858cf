package bench

import (
	"fmt"
	"math"
	"time"
)

// Limits are what a run has to keep to; zero is none.
type Limits struct {
	Deadline time.Duration // from the beginning of the command until the results are home
	Budget   float64       // dollars, the end of the cluster included
}

// A Situation is where a run on a cluster stands.
type Situation struct {
	Elapsed time.Duration // since the command began
	Left    time.Duration // until the results are home, at the speed of the last seconds with these hosts
	Hosts   int           // that process
	Spent   float64       // dollars so far
	// HostRate and MetricsRate are dollars an hour.
	HostRate, MetricsRate float64
	Join                  time.Duration // until a host that is ordered now works
	End                   time.Duration // that is paid after the run: until it has stopped, and until a cluster made for it is gone
	Most                  int           // hosts, at most
}

// Action is what is to be done.
type Action string

// The actions.
const (
	Stay   Action = "stay"
	Grow   Action = "grow"
	Shrink Action = "shrink"
	Stop   Action = "stop"
)

// A Decision is what to do and why, in words for the operator.
type Decision struct {
	Action Action
	Hosts  int // that process from now on
	Reason string
}

const (
	// spare is what is aimed at before the deadline: forecasts are not exact.
	spare = 0.05
	// worthShrinking is how long a host must be needless for to be let go: one that is ended early is still paid while it ends.
	worthShrinking = time.Minute
)

// Steer decides how to keep a run within its limits. The budget comes first: when what is spent and what ending the cluster will
// cost reach it, the run stops. A deadline that slips gets as many hosts as it takes, if the budget bears them; hosts without which
// the deadline is kept are let go.
func Steer(l Limits, s Situation) Decision {
	ending := s.cost(s.Hosts, s.End)
	if l.Budget > 0 && s.Spent+ending >= l.Budget {
		return Decision{Stop, s.Hosts, fmt.Sprintf("%s spent, and %s that ending it costs, are the budget of %s", Money(s.Spent), Money(ending), Money(l.Budget))}
	}
	stay := Decision{Stay, s.Hosts, ""}
	if l.Deadline <= 0 {
		return stay
	}
	until := l.Deadline - s.Elapsed
	late := s.Left - until
	switch want := s.needed(until); {
	case late > 0 && want > s.Most:
		stay.Reason = fmt.Sprintf("the results will be %s late: no number of hosts up to %d helps any more", Brief(late), s.Most)
	case late > 0 && want > s.Hosts:
		total := s.grown(want)
		if l.Budget > 0 && total > l.Budget {
			stay.Reason = fmt.Sprintf("the results will be %s late: %d hosts would keep the deadline but cost %s, and the budget is %s", Brief(late), want, Money(total), Money(l.Budget))
			return stay
		}
		return Decision{Grow, want, fmt.Sprintf("with %s the results will be %s late: %d keep the deadline, and cost %s in all", hosts(s.Hosts), Brief(late), want, Money(total))}
	case late < 0 && s.Left > worthShrinking && 5*want <= 4*s.Hosts: // not back and forth for one host more or less
		return Decision{Shrink, want, fmt.Sprintf("%s would be done %s early: %d keep the deadline too", hosts(s.Hosts), Brief(-late), want)}
	}
	return stay
}

// hosts is a number of hosts in words.
func hosts(n int) string {
	if n == 1 {
		return "1 host"
	}
	return fmt.Sprintf("%d hosts", n)
}

// cost is dollars for so many hosts, and the metrics host, for so long.
func (s Situation) cost(hosts int, d time.Duration) float64 {
	return (float64(hosts)*s.HostRate + s.MetricsRate) * d.Hours()
}

// grown is dollars in all with so many hosts, more than there are: those that are new are billed for a minute at least.
func (s Situation) grown(hosts int) float64 {
	rest := s.leftWith(hosts) + s.End
	return s.Spent + s.cost(s.Hosts, rest) + float64(hosts-s.Hosts)*s.HostRate*max(rest, minimum).Hours()
}

// needed is the least number of hosts with which the rest is done in a time, or more than Most where none is enough. Those that are
// new come when they have joined; those that are there go on meanwhile.
func (s Situation) needed(until time.Duration) int {
	aim := time.Duration(float64(until) * (1 - spare))
	if fewer := int(math.Ceil(float64(s.Hosts) * s.Left.Seconds() / max(aim.Seconds(), 1e-9))); aim > 0 && fewer <= s.Hosts {
		return max(1, fewer)
	}
	if aim <= s.Join {
		return s.Most + 1
	}
	rest := float64(s.Hosts) * (s.Left - s.Join).Seconds() // host seconds that are left when they have joined
	want := math.Ceil(rest / (aim - s.Join).Seconds())
	if want > float64(s.Most) {
		return s.Most + 1
	}
	return max(int(want), s.Hosts+1)
}

// leftWith is how long the rest takes with more hosts.
func (s Situation) leftWith(n int) time.Duration {
	if s.Left <= s.Join {
		return s.Left
	}
	return s.Join + time.Duration(float64(s.Left-s.Join)*float64(s.Hosts)/float64(n))
}
