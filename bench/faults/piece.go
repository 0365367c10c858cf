package main

import (
	"fmt"
	"iter"
	"time"

	"flashmob/chaos"
	"flashmob/inventory"
)

// A piece is one question: curves over what is varied.
type piece struct {
	Name  string
	Title string // of table and plot
	X     string // what is varied, with its unit
	cells []cell
}

// A cell is one kind of run.
type cell struct {
	Curve   string
	X       float64
	Label   string // X in words
	workers int    // beside the initializer
	job     job
	more    []string // further flags
	faults  iter.Seq[chaos.Fault]
}

// no faults.
func none(func(chaos.Fault) bool) {}

// once is one fault.
func once(f chaos.Fault) iter.Seq[chaos.Fault] {
	return func(yield func(chaos.Fault) bool) { yield(f) }
}

// every is a kill of a host's process again and again.
func every(host string, pause time.Duration) iter.Seq[chaos.Fault] {
	return func(yield func(chaos.Fault) bool) {
		for yield(chaos.Fault{After: pause, Kind: chaos.Kill, Host: host}) {
		}
	}
}

// The hosts that faults befall.
var (
	victim      = inventory.HostName(inventory.Worker, 1)
	initializer = inventory.HostName(inventory.Initializer, 1)
)

// begun is when a run is at work for sure: a fault comes so long after the operator's start.
const begun = 1500 * time.Millisecond

// pieces are all that is measured.
func pieces() []piece {
	return []piece{ackWaits(), stragglers(), fileSizes(), skew(), intervals(), snapshots(), spares(), replicas()}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

func ackWaits() piece {
	p := piece{Name: "ack wait", Title: "Ack wait and failures: classifier, 40 000 records of 100 µs, 3 workers", X: "ack wait, s"}
	for _, fate := range []fate{
		{"no fault", none},
		{"a worker killed, and started again", once(chaos.Fault{After: begun, Kind: chaos.Kill, Host: victim})},
		{"a worker gone", once(chaos.Fault{After: begun, Kind: chaos.Fell, Host: victim})},
		{"a worker stopped for 5 s", once(chaos.Fault{After: begun, Kind: chaos.Stop, Host: victim, Lasts: 5 * time.Second})},
	} {
		for _, wait := range []time.Duration{300 * time.Millisecond, 2 * time.Second, 10 * time.Second} {
			p.cells = append(p.cells, cell{Curve: fate.name, X: wait.Seconds(), Label: seconds(wait), workers: 3, job: classify, more: []string{"--ack-wait", wait.String()}, faults: fate.faults})
		}
	}
	return p
}

// fate is what befalls a run, and its name.
type fate struct {
	name   string
	faults iter.Seq[chaos.Fault]
}

func stragglers() piece {
	p := piece{Name: "straggler", Title: "One of three workers is slow: 1 200 lines of 10 ms, 3 workers", X: "speed of the slow one, %"}
	for _, share := range []int{10, 50, 100} {
		p.cells = append(p.cells, cell{Curve: "a slow program", X: float64(share), Label: fmt.Sprintf("%d %%", share), workers: 3, job: waiting(share), faults: none})
	}
	for _, share := range []int{10, 50, 100} {
		slow := iter.Seq[chaos.Fault](none)
		if share < 100 {
			slow = once(chaos.Fault{After: begun, Kind: chaos.Slow, Host: victim, Share: share, Lasts: time.Minute})
		}
		p.cells = append(p.cells, cell{Curve: "a slow process, classifier", X: float64(share), Label: fmt.Sprintf("%d %%", share), workers: 3, job: classify, faults: slow})
	}
	return p
}

func fileSizes() piece {
	p := piece{Name: "file size", Title: "Size of files: wordcount, brought by the operator, 3 workers", X: "bytes a file"}
	for _, fate := range []fate{
		{"no fault", none},
		{"a worker killed every 2 s", every(victim, 2*time.Second)},
		{"the initializer killed every 4 s", every(initializer, 4*time.Second)},
	} {
		for _, f := range []files{{100, 10_000}, {10_000, 1000}, {1_000_000, 100}, {100_000_000, 2}, {1_000_000_000, 1}} {
			p.cells = append(p.cells, cell{Curve: fate.name, X: float64(f.size), Label: f.String(), workers: 3, job: count(f), faults: fate.faults})
		}
	}
	return p
}

func skew() piece {
	p := piece{Name: "skew", Title: "Skew: wordcount over 200 MB, 3 workers", X: "bytes of the largest file"}
	for _, f := range [][]files{{{10_000_000, 20}}, {{10_000_000, 10}, {100_000_000, 1}}, {{200_000_000, 1}}} {
		job := count(f...)
		p.cells = append(p.cells, cell{Curve: "no fault", X: float64(f[len(f)-1].size), Label: job.name, workers: 3, job: job, faults: none})
	}
	return p
}

func intervals() piece {
	p := piece{Name: "kill every", Title: "Kill every N seconds: classifier, 40 000 records of 100 µs, 3 workers", X: "N, s"}
	for _, host := range []string{victim, initializer} {
		for _, n := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second} {
			p.cells = append(p.cells, cell{Curve: host, X: n.Seconds(), Label: seconds(n), workers: 3, job: classify, faults: every(host, n)})
		}
	}
	return p
}

func snapshots() piece {
	p := piece{Name: "snapshots", Title: "Snapshots and kills of an owner: votes, 24 000 that keep their owner busy for 1 ms each, 3 workers", X: "a kill every N s"}
	for _, interval := range []time.Duration{500 * time.Millisecond, 2 * time.Second, time.Hour} {
		name := "snapshots every " + seconds(interval)
		if interval == time.Hour {
			name = "no snapshots"
		}
		for _, n := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 30 * time.Second} {
			p.cells = append(p.cells, cell{Curve: name, X: n.Seconds(), Label: seconds(n), workers: 3, job: vote, more: []string{"--snapshot-every", interval.String()}, faults: every(victim, n)})
		}
	}
	return p
}

func spares() piece {
	p := piece{Name: "one of four", Title: "One worker of four gone, or stopped for 20 s: 4 800 lines of 10 ms", X: "workers"}
	for _, c := range []cell{
		{Curve: "no fault", workers: 3}, {Curve: "no fault", workers: 4},
		{Curve: "one gone", workers: 4, faults: once(chaos.Fault{After: begun, Kind: chaos.Fell, Host: victim})},
		{Curve: "one stopped", workers: 4, faults: once(chaos.Fault{After: begun, Kind: chaos.Stop, Host: victim, Lasts: 20 * time.Second})},
	} {
		c.X, c.Label, c.job = float64(c.workers), fmt.Sprintf("%d workers", c.workers), longer
		if c.faults == nil {
			c.faults = none
		}
		p.cells = append(p.cells, c)
	}
	return p
}

// replicas has hosts enough for five, and no faults: what it costs to be ready for them.
func replicas() piece {
	p := piece{Name: "replicas", Title: "Replicas of the log, no faults: 4 workers beside the initializer", X: "replicas"}
	small, large := count(files{10_000, 1000}), count(files{100_000_000, 1})
	for _, curve := range []struct {
		name string
		job  job
	}{
		{"rows that are made where they are worked on, 100 µs each", rows},
		{"lines of 10 ms of waiting, brought by the operator", patient},
		{small.name + ", brought by the operator", small},
		{large.name + ", brought by the operator", large},
	} {
		for _, n := range []int{1, 3, 5} {
			p.cells = append(p.cells, cell{
				Curve: curve.name, X: float64(n), Label: fmt.Sprint(n), workers: 4, job: curve.job, more: []string{"--replicas", fmt.Sprint(n)}, faults: none,
			})
		}
	}
	return p
}
