package bench

import (
	"fmt"
	"strings"
	"time"
)

// A SeedCell is one time that Wallaroo Labs published in 2018 of their pandas classifier, beside what the model says.
type SeedCell struct {
	Rows      int64
	Machines  int // c5.4xlarge machines with 7 workers each, provisioning included; 0 is one of them and no provisioning
	Workers   int
	Published time.Duration
	AtLeast   bool          // published as "> 2h": their wait ended there
	Engine    time.Duration // the model with flashmob's constants, and the seed's CPU time for a row
	Seed      time.Duration // the model with the seed's own ceilings
	Why       string        // why Engine is off by more than a quarter; empty where it is not
}

// Ratio is the engine's time against the published one.
func (c SeedCell) Ratio() float64 { return c.Engine.Seconds() / c.Published.Seconds() }

// The two published tables.
var (
	seedWorkers = []int{1, 4, 8}
	seedSingle  = []seedLine{{10_000, "39s 20s 11s"}, {100_000, "6m28s 3m16s 1m41s"}, {1_000_000, "1h3m46s 32m12s 16m33s"}}
	seedHosts   = []int{4, 8, 16}
	seedCluster = []seedLine{
		{10_000, "2m13s 2m36s 2m43s"}, {100_000, "3m38s 3m42s 3m48s"}, {1_000_000, "7m38s 6m41s 5m56s"},
		{10_000_000, "40m56s 33m10s 23m24s"}, {30_000_000, ">2h 1h45m 1h12m"},
	}
)

type seedLine struct {
	rows  int64
	cells string
}

// Facts of the seed, from its posts. Those that are fitted to the very tables that they are held against say so.
const (
	seedRow     = 3.5e-3  // CPU seconds: 58m21s for a million rows in one process, without a framework
	seedOne     = 3.83e-3 // seconds of the one worker: 1h03m46s for a million rows
	seedBytes   = 125     // of a row
	seedResult  = 70      // of its result, compressed
	seedMany    = 1. / 155
	seedCeiling = 6400 // rows a second, fitted: one sender, and one worker that makes batches of everything
	seedAround  = 108  // seconds, fitted to 10 000 rows: Pulumi (1m59.5s for 4 instances), Ansible, gzip
	seedMachine = 2.4  // seconds more a machine, fitted to 10 000 rows
	seedPoll    = 60   // seconds between two looks whether all results are there: half of that is lost
	perMachine  = 7    // workers
)

// Why cells are off.
const (
	whyHalf   = "4 workers of the seed did the work of 2, 8 that of 4: its source and its batches are made by workers, and the first takes its own share before it hands on"
	whyAround = "around the work the seed had Pulumi and Ansible of 2018 (120 to 160 s) and looked once a minute whether it was done"
	whyOne    = "one sender and one batching worker bounded the seed to some 6 400 rows/s however many machines; here ranges are handed out, not rows"
)

// SeedCells are all cells of the two tables.
func SeedCells() []SeedCell {
	var cells []SeedCell
	for _, line := range seedSingle {
		for i, text := range strings.Fields(line.cells) {
			c := newSeedCell(line.rows, 0, seedWorkers[i], text)
			c.Engine = seedTime(line.rows, seedRow, Shape{Cloud: Local, Slots: c.Workers}, Place(Local))
			c.Seed = seedTime(line.rows, seedOne, Shape{Cloud: Local, Slots: c.Workers, Cores: max(1, c.Workers/2)}, seedPlace())
			c.explain(whyHalf)
			cells = append(cells, c)
		}
	}
	for _, line := range seedCluster {
		for i, text := range strings.Fields(line.cells) {
			c := newSeedCell(line.rows, seedHosts[i], seedHosts[i]*perMachine, text)
			shape := Shape{Cloud: AWS, Hosts: c.Machines, Slots: perMachine}
			c.Engine = seedTime(line.rows, seedRow, shape, Place(AWS))
			c.Seed = seedTime(line.rows, seedMany, shape, seedPlace())
			switch {
			case c.Published < 5*time.Minute:
				c.explain(whyAround)
			case c.Machines == seedHosts[0]: // 28 workers are not yet more than the one sender feeds
				c.explain(whyHalf)
			default:
				c.explain(whyOne)
			}
			cells = append(cells, c)
		}
	}
	return cells
}

func newSeedCell(rows int64, machines, workers int, text string) SeedCell {
	published, err := time.ParseDuration(strings.TrimPrefix(text, ">"))
	if err != nil {
		panic(err) // a test reads them all
	}
	return SeedCell{Rows: rows, Machines: machines, Workers: workers, Published: published, AtLeast: strings.HasPrefix(text, ">")}
}

func (c *SeedCell) explain(why string) {
	if r := c.Ratio(); r < 0.75 || r > 1.25 {
		c.Why = why
	}
}

// seedPlace is what the seed's own runs were bounded by.
func seedPlace() Constants {
	return Constants{
		Provision: Exactly(seedAround), ProvisionHost: Exactly(seedMachine), Start: Exactly(0), Speed: Exactly(1), Overlap: Exactly(1),
		Uplink: Exactly(seedCeiling * seedBytes), Packed: Exactly(1), LogRate: Exactly(1e12), BatchRate: Exactly(1e12), Downlink: Exactly(1e12),
		Stop: Exactly(0), Upload: Exactly(seedPoll / 2),
	}
}

// seedTime is the model's time until the results are there.
func seedTime(rows int64, row float64, shape Shape, k Constants) time.Duration {
	job := Job{Rows: rows, Row: Exactly(row), In: Exactly(seedBytes), Out: Exactly(seedResult), Travels: row == seedMany}
	return time.Duration(Predict(job, shape, k).Results.Value * float64(time.Second))
}

// SeedTable is the cells side by side. It is a prediction for flashmob, not a measurement of it.
func SeedTable(cells []SeedCell) *Table {
	t := &Table{Columns: []Column{
		{"rows", true}, {"on", false}, {"published", true}, {"flashmob, modelled", true}, {"ratio", true}, {"the seed, modelled", true}, {"why", false},
	}}
	for _, c := range cells {
		on := fmt.Sprintf("%d machines", c.Machines)
		switch {
		case c.Machines == 0 && c.Workers == 1:
			on = "1 worker"
		case c.Machines == 0:
			on = fmt.Sprintf("%d workers", c.Workers)
		}
		published := Brief(c.Published)
		if c.AtLeast {
			published = "> " + published
		}
		t.Add(Grouped(c.Rows), on, published, Brief(c.Engine), fmt.Sprintf("%.2f", c.Ratio()), Brief(c.Seed), c.Why)
	}
	return t
}
