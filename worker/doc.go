// Package worker executes a flow on JetStream: the initializer hands out batches, slots process them, the gatherer puts
// the parts in order.
//
//	input ──▶ feeder ──▶ stream "batches" ──▶ slot ┐
//	            ▲        (work queue)     ──▶ slot ┼──▶ stream "parts" ──▶ gatherer ──▶ result folder
//	            │                         ──▶ slot ┘                           │
//	            └──────────────── window: batches out and not back ◀───────────┘
//
// Life of a batch: cut by the feeder at a record's end; published; pulled by a worker; processed by a slot while the
// worker tells the log that it is at it (InProgress); its part published; the log's ack awaited; the batch acked; the
// part gathered. A worker that dies or hangs stops saying so, and after AckWait the log hands the batch to another.
//
// A worker leaves when the run is over; when it is drained, with nothing that it holds left undone; and when its initializer
// has not answered for InitializerWait (10 minutes).
//
// What is promised: every record of the input is reflected in the results exactly once, or stands in the rejects. A
// batch is named by the range of input that it covers and its part is a pure function of it, so it does not matter how
// often or by whom it is processed: the gatherer keeps the first part for a range and drops what comes later. Order is
// restored by range. The result folder is the only thing that outlives a run; package manifest says what that
// promises.
//
// Where the log is on disk (in a cluster), an initializer that crashed can be started again with the same appointment, and the
// run goes on. What it needs lies in two places, and nothing in its memory alone: the result folder has the parts that are
// appended; the log has everything else until then. A part, an output of an owner or a run is acked when it is in the folder and not
// before; the exchange and the depot are trimmed no further than owners and folder have come. Batches are handed out one after
// the other in the order of the input, so the feeder goes on just past the last one that is known from the log or the
// folder; what the first record taught it (header, fields) and the deal of the partitions are in the run's bucket. What the old
// one had taken in, but not acked, comes again; a stage that was ended is ended again, and its runs are the same; parts of the
// results that were merged already are made again and compared. Workers ask a log that is away until it answers, and then keep
// what they hold. A guard on the host (Guard) starts it again; it does the same for workers.
//
// Where the log has replicas (replica.go), processes beside the workers hold them, and the one whose replica is elected to lead the
// stream of batches is the initializer (lead.go). Nothing that it needs lies outside the log then: parts and deliveries stay there to
// the end, and its folder is made anew from them. What it does is refused where it leads no more, and only believes to
// (term.go).
//
// Bulk data stays off the log where it can: a batch of a file that workers can reach travels as a reference to its
// range, and what is too large for a message waits in a Depot that sender and receiver share.
//
// Not its job: starting processes and moving files (package orchestrator).
package worker
