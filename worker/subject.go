package worker

// The names that the run has in the log. This is the only file that spells one.
const (
	batchStream   = "batches"
	batchSubject  = "flashmob.batches"
	batchConsumer = "slots"

	partStream   = "parts"
	partSubject  = "flashmob.parts"
	partConsumer = "gatherer"

	bodyStream  = "bodies" // what is too large for a message, in segments: subject, body, segment
	bodySubject = "flashmob.bodies"

	exchangeStream  = "exchange" // what batches have for the partitions of keyed stages
	exchangeSubject = "flashmob.exchange"
	snapshotBucket  = "snapshots"         // by the number of the partition
	progressSubject = "flashmob.progress" // core NATS: how far an owner is, lost if nobody listens

	bucketPrefix, bucketSubject = "KV_", "$KV." // NATS' names for what a bucket is made of

	specBucket = "run"
	specKey    = "spec"
	overKey    = "over" // there once the run is over
	headKey    = "head" // what the feeder learned from the first record
	dealKey    = "deal" // who owns which partition
	termKey    = "term" // which replica's initializer is at it, and the how manieth that is

	drainSubject  = "flashmob.drain"  // core NATS: a worker was asked to end the run
	shrinkSubject = "flashmob.shrink" // core NATS, answered: a worker was asked for fewer workers
	leaveSubject  = "flashmob.leave"  // core NATS: the workers that are named are to leave

	hurrySubject = "flashmob.hurry" // core NATS: what a batch takes elsewhere, in milliseconds; workers are to give up what is overdue by that

	clockSubject = "flashmob.clock" // core NATS: the clock of the host that is named, which has a replica of the log, was set back

	claimSubject = "flashmob.claim" // core NATS, answered: who is at the batch of this message number

	failureSubject  = "flashmob.failure"  // core NATS: the first batch that an operator failed on
	metricsSubject  = "flashmob.metrics"  // core NATS: what a worker has done so far
	bulletinSubject = "flashmob.bulletin" // core NATS: how the run is, from the initializer

	beatSubject = "flashmob.beat" // core NATS: a worker's sign of life, lost if nobody listens
	quitSubject = "flashmob.quit" // core NATS: the operator has everything, replicas of the log leave
	endSubject  = "flashmob.end"  // core NATS: the run is over, workers leave; who comes later finds overKey
)
