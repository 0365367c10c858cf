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

	specBucket = "run"
	specKey    = "spec"
	overKey    = "over" // there once the run is over

	beatSubject = "flashmob.beat" // core NATS: a worker's sign of life, lost if nobody listens
	endSubject  = "flashmob.end"  // core NATS: the run is over, workers leave; who comes later finds overKey
)
