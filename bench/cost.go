package bench

import (
	"math"
	"time"
)

// This file is the cost model: how long a job takes on a cluster, phase by phase, and what that costs. docs/cost-model.md
// tells the same with the reasons. Times are seconds, sizes bytes, rates a second, money dollars.

// A Job is what there is to do.
type Job struct {
	Rows    int64   `json:"rows"`
	Row     Figure  `json:"row_seconds"`          // one slot's time for a row, on the machine that it was measured on
	Begin   Figure  `json:"begin"`                // one slot's time before its first row: a child that has to start
	Again   bool    `json:"again,omitempty"`      // Begin is paid for every batch; batches are so long that it is a twentieth of them
	Idle    float64 `json:"idle,omitempty"`       // the share of Row in which the slot waits for something else than a core
	Batch   int64   `json:"batch_rows,omitempty"` // rows of every batch, where they do not size themselves
	In      Figure  `json:"row_bytes"`            // a row of input
	Out     Figure  `json:"result_bytes"`         // what comes of a row, compressed
	Travels bool    `json:"travels"`              // the input lies at home and has to be brought to the cluster
}

// A Shape is where the job is done.
type Shape struct {
	Cloud string `json:"cloud"` // local, hosts, sandbox, aws
	Type  string `json:"type,omitempty"`
	Spot  bool   `json:"spot,omitempty"`
	Hosts int    `json:"hosts"` // that process; 0 is this machine, with no cluster
	Slots int    `json:"slots"` // of one host
	Cores int    `json:"cores"` // that all slots share; 0 where every slot has one of its own
	// Standing says that the cluster is there already, and stays: nothing of making and ending it counts.
	Standing bool `json:"standing,omitempty"`
	// HostRate and MetricsRate are dollars an hour of a host with its disk and address, at home 0.
	HostRate    float64 `json:"host_rate"`
	MetricsRate float64 `json:"metrics_rate"`
}

// AtOnce is how many slots really run at the same time, where each needs no core for such a share of its time.
func (s Shape) AtOnce(idle float64) float64 {
	n := float64(max(s.Hosts, 1) * s.Slots)
	if s.Cores > 0 {
		n = min(n, float64(s.Cores)/(1-min(max(idle, 0), 0.99)))
	}
	return n
}

// machines is how many hosts are paid, the metrics host among them.
func (s Shape) machines() float64 {
	if s.Hosts == 0 {
		return 0
	}
	return float64(s.Hosts + 1)
}

// Constants are what the model must know of a place. Those named …Host are for every host, and come on top.
type Constants struct {
	Provision, ProvisionHost Figure  // up, from nothing to hosts that answer
	Launched                 Figure  // the part of that in which hosts are not running yet, and so cost nothing
	Upload, UploadHost       Figure  // the worker's binary: once from home, then from host to host, so by the logarithm
	Start, StartHost         Figure  // connecting, starting the workers, opening the log
	Stop, StopHost           Figure  // ending the processes
	Destroy, DestroyHost     Figure  // down, with its proof
	Speed                    Figure  // of a slot, against the one that the row was measured on
	Hop                      Figure  // a slot's and the log's seconds for each byte that passes the log
	LogRate                  Figure  // bytes a second that the log takes at most
	BatchRate                Figure  // batches a second that the initializer hands out and gathers at most
	Uplink, Downlink         Figure  // bytes a second from home to the initializer, and back
	Packed                   Figure  // what is left of a byte of input on its way
	Overlap                  Figure  // what the shape of the formula misses: measured work against modelled work
	Once                     Figure  // seconds of work, in all, that it misses besides
	OnceOf                   float64 // seconds of work of the run that showed Once; of less it is a part
}

// The unit of hand-out, as package worker has it: the simulator, which knows both, tests that it is the same there.
const (
	BatchSeconds = 0.25
	MaxBatch     = 2 << 20
	StartShare   = 20 // times its start is what a batch takes that has one
)

// FirstBatch is the size of batches before anything is timed, in bytes: 4 KiB, and of an input so small that not every slot would
// get four of them a little more than a fourth of its share.
func FirstBatch(size, slots float64) float64 {
	return min(4<<10, max(size/(4*slots)*33/32, 256))
}

// A Phase is a stretch of the time, in the order in which they come.
type Phase struct {
	Name    string `json:"name"`
	Seconds Figure `json:"seconds"`
}

// The phases of a prediction, as flashmob's commands name them too.
const (
	Provision = "provision" // up: hosts that answer and have the program
	Starting  = "start"     // of the run: connect, start
	Working   = "work"      // feed, process, gather
	Stopping  = "stop"
	Destroy   = "destroy" // down
)

// A Prediction is what the model says of a job on a cluster.
type Prediction struct {
	Shape      Shape   `json:"shape"`
	Rows       int64   `json:"rows"`
	Phases     []Phase `json:"phases"`
	Results    Figure  `json:"results_seconds"` // until the results are at home: all but destroy
	Seconds    Figure  `json:"seconds"`         // all phases
	Dollars    Figure  `json:"dollars"`
	Efficiency float64 `json:"efficiency"` // against one slot at work all the time and nothing else
	Bound      string  `json:"bound"`      // what the work waits for: compute, feed, log, batches, results
}

// Predict says how long a job takes on a cluster, and what it costs.
//
//	work = max(compute, feed, log, batches, results) + tail
//	time = provision + start + work + stop + destroy
//	cost = (hosts × rate + metrics host's rate) × max(running, 1 minute)
func Predict(job Job, shape Shape, k Constants) Prediction {
	n, doublings := shape.machines(), math.Log2(float64(max(shape.Hosts, 1)))
	p := Prediction{Shape: shape, Rows: job.Rows}
	work, bound := k.work(job, shape)
	p.Bound = bound
	if shape.Hosts > 0 && !shape.Standing {
		up := k.Provision.Plus(k.ProvisionHost.Times(n), k.Upload, k.UploadHost.Times(doublings))
		p.Phases = append(p.Phases, Phase{Provision, up})
	}
	p.Phases = append(p.Phases,
		Phase{Starting, k.Start.Plus(k.StartHost.Times(float64(shape.Hosts)))},
		Phase{Working, work},
		Phase{Stopping, k.Stop.Plus(k.StopHost.Times(float64(shape.Hosts)))})
	p.Results = total(p.Phases)
	if shape.Hosts > 0 && !shape.Standing {
		p.Phases = append(p.Phases, Phase{Destroy, k.Destroy.Plus(k.DestroyHost.Times(n))})
	}
	p.Seconds = total(p.Phases)
	p.Dollars = p.bill(k.Launched)
	alone := job.Row.Value * float64(job.Rows)
	p.Efficiency = alone / (float64(max(shape.Hosts, 1)*shape.Slots) * p.Results.Value)
	return p
}

// work is the time from the first batch to the last part, and what it waits for.
func (k Constants) work(job Job, shape Shape) (seconds Figure, bound string) {
	rows := float64(job.Rows)
	if rows == 0 {
		return Exactly(0), "compute"
	}
	slots := shape.AtOnce(job.Idle)
	row := job.Row.Over(k.Speed)
	in, out := job.In.Times(rows), job.Out.Times(rows)
	var hop, feed, log, batches, home Figure
	if shape.Hosts > 0 {
		through := out
		if job.Travels {
			through = in.Plus(out)
			feed = in.By(k.Packed).Over(k.Uplink)
		}
		hop, log = through.By(k.Hop), through.Over(k.LogRate)
		batches = Exactly(rows / k.batchRows(job, row)).Over(k.BatchRate)
		home = out.Over(k.Downlink)
	}
	begin := job.Begin.Over(k.Speed)
	if job.Again { // the first batch only tells how large the others may be
		begin = begin.Times(max(2, row.Value*rows/slots/max(BatchSeconds, StartShare*begin.Value)))
	}
	compute := row.Times(rows).Plus(hop).Times(1 / slots).Plus(begin)
	seconds = Most(compute, feed, log, batches, home)
	for _, c := range []struct {
		name string
		of   Figure
	}{{"compute", compute}, {"feed", feed}, {"log", log}, {"batches", batches}, {"results", home}} {
		if c.of.Value == seconds.Value {
			bound = c.name
			break
		}
	}
	seconds = seconds.Plus(k.tail(job, row, slots)).By(k.Overlap)
	if k.OnceOf > 0 {
		seconds = seconds.Plus(k.Once.Times(min(1, seconds.Value/k.OnceOf)))
	}
	return seconds, bound
}

// batchRows is how many rows a batch comes to have once rows have been timed.
func (k Constants) batchRows(job Job, row Figure) float64 {
	if job.Batch > 0 {
		return float64(job.Batch)
	}
	return max(1, min(BatchSeconds/row.Value, MaxBatch/max(job.In.Value, 1)))
}

// tail is how long slots wait for the last one. A few rows, cut before any was timed, are unequal shares of batches of the
// first size; else batches shrink towards the end, and what is left is half of one.
func (k Constants) tail(job Job, row Figure, slots float64) Figure {
	rows := float64(job.Rows)
	first := math.Ceil(FirstBatch(rows*job.In.Value, slots) / max(job.In.Value, 1)) // rows
	if untimed := first * (2*slots + 2); rows <= untimed && job.Batch == 0 {
		rounds := math.Ceil(math.Ceil(rows/first) / slots)
		idle := rounds*min(first, rows)*row.Value - rows*row.Value/slots
		return Figure{Value: idle, Low: idle / 2, High: idle, Mark: Modelled}
	}
	half := k.batchRows(job, row) * row.Value / 2
	return Figure{Value: half, Low: 0, High: 2 * half, Mark: Modelled}
}

// minimum is the shortest time that an instance is billed for.
const minimum = time.Minute

// bill is what the hosts cost: by the second while they run, for a minute at least. Until they are launched they cost nothing.
func (p Prediction) bill(launched Figure) Figure {
	rate := (float64(p.Shape.Hosts)*p.Shape.HostRate + p.Shape.MetricsRate) / time.Hour.Seconds()
	if p.Shape.Hosts == 0 {
		return Figure{Mark: p.Seconds.Mark}
	}
	billed := func(seconds, before float64) float64 { return rate * max(seconds-before, minimum.Seconds()) }
	if p.Shape.Standing {
		return p.Seconds.Times(rate)
	}
	return Figure{
		Value: billed(p.Seconds.Value, launched.Value), Low: billed(p.Seconds.Low, launched.High),
		High: billed(p.Seconds.High, launched.Low), Mark: p.Seconds.Mark,
	}
}

func total(phases []Phase) Figure {
	var sum Figure
	for _, p := range phases {
		sum = sum.Plus(p.Seconds)
	}
	return sum
}
