// Package infra knows what a cluster costs, what belongs to it and how to be sure that it is gone.
//
// A cluster is the hosts of one up … down. Its life, and what is on disk before each step is taken:
//
//	(nothing) ──up──▶ creating ──▶ up ──down──▶ destroying ──▶ gone
//	                     │          │ up again: only the difference
//	                     └──────────┴──▶ killed at any moment: the next up or down goes on from here
//
// The Record (ID, region, tags, who does what since when) is written before the first call to the cloud, so no
// crash can leave something behind that nobody knows how to find: everything that is created carries the tags of
// the record. One operation at a time holds the cluster's Lock. The operating system drops the lock of a dead
// process; its successor sees that the work was left unfinished and repairs Pulumi's state first.
//
// Three things decide that a cluster is gone, in this order of authority: what the account lists by tag (Account),
// Pulumi's state, the record. Down therefore ends with a list by tag, and its Receipt says what is left.
//
// And if nobody comes back: every host powers itself off, and so terminates, after its ttl or when no run and no
// operator has touched its heartbeat for its idle time (UserData).
//
// This package starts in about a millisecond. The Pulumi program and the engine cost some twenty milliseconds and
// thirty megabytes at the start of every process that links them, so they stand apart in infra/stack.
package infra
