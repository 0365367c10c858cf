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
// Bulk data stays off the log where it can: a batch of a file that workers can reach travels as a reference to its
// range, and what is too large for a message waits in a Depot that sender and receiver share.
//
// Not its job: starting processes and moving files (package orchestrator).
package worker
