package bench

import (
	"strings"
	"testing"
	"time"
)

func TestRunsAreSteeredByDeadlineAndBudget(t *testing.T) {
	base := Situation{Elapsed: 10 * time.Minute, Left: 50 * time.Minute, Hosts: 4, Spent: 0.5, HostRate: 1, MetricsRate: 0.1,
		Join: 2 * time.Minute, End: time.Minute, Most: 32}
	with := func(change func(*Situation)) Situation {
		s := base
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		limits Limits
		s      Situation
		action Action
		hosts  int
		says   string
	}{
		"no limits":            {Limits{}, base, Stay, 4, ""},
		"in time":              {Limits{Deadline: 62 * time.Minute}, with(func(s *Situation) { s.Left = 49 * time.Minute }), Stay, 4, ""},
		"late":                 {Limits{Deadline: 40 * time.Minute}, base, Grow, 8, "20m00s late: 8 keep the deadline"},
		"a little late":        {Limits{Deadline: 59 * time.Minute}, base, Grow, 5, "5 keep the deadline"},
		"late, dear":           {Limits{Deadline: 40 * time.Minute, Budget: 1}, base, Stay, 4, "8 hosts would keep the deadline but cost $4"},
		"late, affordable":     {Limits{Deadline: 40 * time.Minute, Budget: 5}, base, Grow, 8, "in all"},
		"too late":             {Limits{Deadline: 11 * time.Minute}, base, Stay, 4, "no number of hosts up to 32 helps"},
		"past":                 {Limits{Deadline: 5 * time.Minute}, base, Stay, 4, "55m00s late"},
		"too few allowed":      {Limits{Deadline: 40 * time.Minute}, with(func(s *Situation) { s.Most = 6 }), Stay, 4, "up to 6 helps"},
		"early":                {Limits{Deadline: 3 * time.Hour}, base, Shrink, 2, "4 hosts would be done 2h00m early: 2 keep the deadline too"},
		"early, nearly done":   {Limits{Deadline: 3 * time.Hour}, with(func(s *Situation) { s.Left = 50 * time.Second }), Stay, 4, ""},
		"early, one host":      {Limits{Deadline: 9 * time.Hour}, with(func(s *Situation) { s.Hosts = 1 }), Stay, 1, ""},
		"spent":                {Limits{Budget: 0.5}, base, Stop, 4, "are the budget of $0.500"},
		"spent but the ending": {Limits{Budget: 0.55}, base, Stop, 4, "$0.0683 that ending it costs"},
		"a cent":               {Limits{Budget: 0.01}, with(func(s *Situation) { s.Spent = 0 }), Stop, 4, "$0.0100"},
		"spent and late":       {Limits{Deadline: 20 * time.Minute, Budget: 0.5}, base, Stop, 4, "budget"},
		"not yet":              {Limits{Budget: 0.6}, base, Stay, 4, ""},
	} {
		d := Steer(c.limits, c.s)
		if d.Action != c.action || d.Hosts != c.hosts || !strings.Contains(d.Reason, c.says) || d.Action != Stay && d.Reason == "" {
			t.Errorf("%s: %+v, want %s to %d hosts, because %q", name, d, c.action, c.hosts, c.says)
		}
	}
}

// After growing as decided the deadline is kept, and nothing more is done.
func TestOneDecisionIsEnough(t *testing.T) {
	for hosts := 1; hosts <= 16; hosts++ {
		for left := 5 * time.Minute; left < 3*time.Hour; left += 7 * time.Minute {
			s := Situation{Left: left, Hosts: hosts, Join: time.Minute, Most: 1000}
			l := Limits{Deadline: time.Hour}
			d := Steer(l, s)
			if d.Action == Stay {
				continue
			}
			after := s
			if d.Action == Grow {
				after.Left = s.leftWith(d.Hosts) - s.Join
				after.Elapsed = s.Join
			} else {
				after.Left = s.Left * time.Duration(hosts) / time.Duration(d.Hosts)
			}
			after.Hosts = d.Hosts
			if again := Steer(l, after); again.Action != Stay || after.Elapsed+after.Left > l.Deadline {
				t.Errorf("%d hosts, %v left: %+v, then %+v with %v left", hosts, left, d, again, after.Left)
			}
		}
	}
}
