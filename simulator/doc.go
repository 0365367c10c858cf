// Package simulator plays a run on a cluster event by event, without running anything: for sizes that nobody here can
// measure. Every figure that comes out of it is simulated, and says so.
//
// What it plays is the protocol of package worker, and batches are sized by that package's own code (worker.Sizing):
//
//	feeder ─loop─▶ log ─▶ work queue ─▶ worker: held ▶ slot ─▶ log ─loop─▶ gatherer ─link─▶ home
//	   ▲                      ▲ a batch whose host died, after the ack wait      │
//	   └──────── window ──────┴──────────────────────────────────────────────────┘
//
// A line (line.go) serves one message after the other: the initializer's loop, the log, the links to and from home. Each
// notes how long it was busy, which tells what the run waits for. Hosts (host.go) pull batches, hold as many as a worker
// would, and work through them on slots whose times scatter. Hosts are lost at random: their batches go to others when
// the ack wait is over, they count as lost after the silence, and nobody takes their place. The initializer's host is never lost here:
// its loss ends a run, and what happens then is not a question of time alone.
//
// Constants are those of the cost model (bench.Constants), measured or assumed. Of a run of very many batches the front
// is played and the rest reckoned from the speed of its second half (Config.Most).
//
// Hosts may be slower than the others (Config.Slow). At the end of the input idle ones take over what a slow host holds (hurry.go), when
// and what by the worker's own rule (worker.Overdue); of two parts the first counts.
//
// Not its job: keyed stages, programs that start anew for each batch, and the bytes themselves.
package simulator
