// Package flow says what an application is: where its records come from and what happens to each of them.
//
// A flow is a value. It is built once, named, and then run by package worker on any number of slots:
//
//	flow.New("shout", flow.CSV).Column("SHOUT", upper)
//
//	input ─▶ Source: bytes fall into records ─▶ stage ─▶ stage ─▶ result records
//	                      │                       │
//	                      └── ragged, too long ───┴── refused by the application ─▶ rejects
//
// Order of events for one batch (a run of whole records): a Pass takes the batch's bytes, finds each record, hands it
// to the stages in turn, and appends what they emit to its output. The output of a batch is a pure function of the
// batch's bytes and of the flow: no clock, no host, no other batch. Everything that flashmob promises rests on that.
//
// What goes wrong with one record stays with that record: one that has the wrong number of fields, is longer than
// allowed, or makes the application return an error or panic, becomes a Reject with its position and reason, and the
// next record goes on.
//
// A flow may end in keyed stages, which keep state by key (keyed.go). There a Pass gives entries instead of output:
//
//	batch ─▶ Pass ─▶ segments, one a partition ─▶ State.Apply, by the partition's owner ─┬─▶ on each update: MergeUpdates
//	                                                                                    └─▶ at the end: Run ─▶ Split ─▶ Write
//	                                                      the next keyed stage's segments ◀── Forward ──┘
//
// Which partition owns a key is a function of the key alone. Combining stages may apply segments in any order, for what
// they keep is exact; update stages apply them in the order of the input. So results do not depend on who owns what, on
// how many partitions there are, or on how the input was cut.
//
// Not its job: reading files, handing out batches, keeping order, retrying. Those are package worker's.
package flow
