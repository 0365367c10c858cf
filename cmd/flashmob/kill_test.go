package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// killsVariable says how often TestKilledOperatorLeavesNothingThatDownCannotEnd kills.
const killsVariable = "FLASHMOB_KILLS"

// TestKilledOperatorLeavesNothingThatDownCannotEnd kills the operator as kill -9 does, at random points of up, run and
// down: alone, with the process that drives Pulumi, or with the engine too. The next down has to leave nothing.
func TestKilledOperatorLeavesNothingThatDownCannotEnd(t *testing.T) {
	l := newLab(t)
	kills := 6
	if text := os.Getenv(killsVariable); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", killsVariable, err)
		}
	}
	random := rand.New(rand.NewPCG(1, uint64(kills)))
	begun := time.Now()
	l.up(1)
	upTook := time.Since(begun)
	begun = time.Now()
	l.down()
	downTook := time.Since(begun)
	up := []string{"up", "--cloud", "sandbox", "--type", "c5.xlarge", "--size", "1"}
	for i := range kills {
		what, within := "up", upTook
		args := up
		switch i % 3 {
		case 1:
			what, within, args = "down", downTook, []string{"down"}
		case 2:
			what, within, args = "run", 2*time.Second, []string{"run", "--lines", "1000000", "-o", fmt.Sprintf("out%d", i)}
		}
		at, depth := time.Duration(random.Int64N(int64(within))), random.IntN(4)
		t.Logf("kill %d: %s after %v, %d levels deep", i, what, at.Round(time.Millisecond), depth)
		if what != "up" {
			l.up(1)
		}
		victim, said := l.start(args...)
		timer := time.NewTimer(at) // the moment is what is random here
		<-timer.C
		kill(victim.Process.Pid, depth)
		victim.Wait() // it was killed, or had just ended
		out, errs, exit := l.try("down", "--cloud", "sandbox")
		if exit != 0 {
			t.Fatalf("down after that: exit code %d\n%s%s\nthe victim had said\n%s", exit, out, errs, said)
		}
		l.nothing()
		if t.Failed() {
			t.Fatalf("the victim had said\n%s", said)
		}
	}
}
