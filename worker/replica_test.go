package worker

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"flashmob/flow"
	"flashmob/input"
)

// replicated returns a scenario for a cluster, and its results without one.
func replicated(t *testing.T, make func() *flow.Flow, in input.Input, rows int) (s scenario, want []byte) {
	t.Helper()
	s = scenario{flow: make(), inputs: []input.Input{in}, batchRows: rows}
	want = s.results(t)
	s.flow = make()
	return s, want
}

func TestARunGoesOnWhenTheReplicaThatLeadsIsLost(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	lines := file(t, wildText(6000))
	for name, app := range map[string]struct {
		make func() *flow.Flow
		in   input.Input
		rows int
	}{
		"tag":         {tag, file(t, wildCSV(3000)), 20},
		"words":       {words, lines, 100},
		"letters":     {letters, lines, 100},
		"frequencies": {frequencies, lines, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, want := replicated(t, app.make, app.in, app.rows)
			c := newCluster(t, 3, s)
			got := c.play(func() {
				c.kill(c.reaches(600))
				if _, status := c.leader(); status.Term < 2 || status.Host == "" {
					t.Errorf("host %q leads in term %d", status.Host, status.Term)
				}
			})
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes, want %d: differs at byte %d", len(got), len(want), difference(got, want))
			}
		})
	}
}

func TestARunGoesOnWhenAnotherReplicaIsLost(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	s, want := replicated(t, tag, file(t, wildCSV(3000)), 20)
	c := newCluster(t, 3, s)
	got := c.play(func() { c.kill((c.reaches(600) + 1) % 3) })
	if !bytes.Equal(got, want) {
		t.Errorf("differs at byte %d", difference(got, want))
	}
}

func TestARunWaitsForAMajorityAndGoesOnWhenOneIsBack(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	s, want := replicated(t, tag, file(t, wildCSV(3000)), 20)
	c := newCluster(t, 3, s)
	got := c.play(func() {
		leader := c.reaches(600)
		another, survivor := (leader+1)%3, (leader+2)%3
		c.kill(another)
		c.kill(leader)
		q := c.waiting(survivor)
		if says := q.Waits(); q.Answer != 1 || q.Of != 3 || !strings.HasPrefix(says, "for a majority of the replicas: 1 of 3 answer, since ") {
			t.Errorf("the survivor says that it waits %s", says)
		}
		c.start(leader)
		c.reaches(600)
		// Back with nothing on its disk, a replica gets all of it; then another may be lost.
		c.wipe(another)
		c.start(another)
		c.current(another)
		c.kill(survivor)
	})
	if !bytes.Equal(got, want) {
		t.Errorf("differs at byte %d", difference(got, want))
	}
}

// Of five replicas two may be lost, the one that leads among them. With a third the run waits, and goes on when one is back.
func TestTwoOfFiveReplicasMayBeLost(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	s, want := replicated(t, tag, file(t, wildCSV(3000)), 20)
	c := newCluster(t, 5, s)
	got := c.play(func() {
		leader := c.reaches(600)
		c.kill(leader)
		c.kill((leader + 1) % 5)
		next := c.reaches(600)
		if _, status := c.leader(); next == leader || status.Term < 2 {
			t.Errorf("replica %d leads in term %d after %d was lost", next, status.Term, leader)
		}
		third, survivor := (leader+2)%5, (leader+3)%5
		c.kill(third)
		if q := c.waiting(survivor); q.Answer != 2 || q.Of != 5 {
			t.Errorf("the survivor says that it waits %s", q.Waits())
		}
		c.start(third)
		c.reaches(600)
	})
	if !bytes.Equal(got, want) {
		t.Errorf("differs at byte %d", difference(got, want))
	}
}

// All replicas may be lost at once: when they are back they have what was kept, and go on.
func TestAllReplicasMayBeLostAtOnce(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	for name, app := range map[string]struct {
		make func() *flow.Flow
		in   input.Input
	}{"tag": {tag, file(t, wildCSV(3000))}, "words": {words, file(t, wildText(6000))}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, want := replicated(t, app.make, app.in, 20)
			c := newCluster(t, 3, s)
			got := c.play(func() {
				c.reaches(600)
				for i := range 3 {
					c.kill(i)
				}
				for i := range 3 {
					c.start(i)
				}
				c.reaches(600)
			})
			if !bytes.Equal(got, want) {
				t.Errorf("differs at byte %d", difference(got, want))
			}
		})
	}
}

func TestALogHasOneThreeOrFiveReplicas(t *testing.T) {
	for n, ok := range map[int]bool{-1: false, 0: false, 1: true, 2: false, 3: true, 4: false, 5: true, 6: false, 7: false} {
		if err := CheckReplicas(n); (err == nil) != ok {
			t.Errorf("%d replicas: %v", n, err)
		}
	}
}

// Replicas speak to each other in the run's name, or not at all.
func TestAStrangerIsNoReplica(t *testing.T) {
	t.Parallel() // it waits for elections most of the time
	c := newCluster(t, 3, scenario{flow: tag(), inputs: []input.Input{file(t, wildCSV(10))}})
	c.leader()
	own, other := c.identity, newIdentity(t)
	for name, as := range map[string]func(){
		"certificate": func() { c.identity, c.token = other, "secret" },
		"token":       func() { c.identity, c.token = own, "a guess" },
	} {
		t.Run(name, func(t *testing.T) {
			c.kill(2)
			c.wipe(2)
			as()
			c.start(2)
			answers := 0
			for begun := time.Now(); time.Since(begun) < 3*time.Second; time.Sleep(50 * time.Millisecond) {
				if q, ok := c.quorum(2); ok {
					answers = max(answers, q.Answer)
				}
			}
			if answers != 1 {
				t.Errorf("%d replicas answer a stranger, itself included", answers)
			}
		})
	}
}
