package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// What the log is made of. How it is stored, and by how many, is the same for all of it.
var (
	batches  = jetstream.StreamConfig{Name: batchStream, Subjects: []string{batchSubject}, Retention: jetstream.WorkQueuePolicy}
	parts    = jetstream.StreamConfig{Name: partStream, Subjects: []string{partSubject}, Retention: jetstream.WorkQueuePolicy}
	bodies   = jetstream.StreamConfig{Name: bodyStream, Subjects: []string{bodySubject + ".*.*"}, AllowDirect: true}
	exchange = jetstream.StreamConfig{Name: exchangeStream, Subjects: []string{exchangeSubject}}
)

// partsConfig returns the stream of parts. Where the log outlives the host that gathers, parts stay in it to the end: the
// result folder, which has them otherwise, may go with its host.
func (in *Initializer) partsConfig() jetstream.StreamConfig {
	config := parts
	if in.replica != nil {
		config.Retention = jetstream.LimitsPolicy
	}
	return config
}

// makeStream makes a stream, unless it is there.
func (in *Initializer) makeStream(ctx context.Context, config jetstream.StreamConfig) (jetstream.Stream, error) {
	config.Storage = in.storage()
	if in.replica != nil {
		return in.replica.makeStream(ctx, in.js, config)
	}
	stream, err := in.js.CreateOrUpdateStream(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("create stream %s: %w", config.Name, err)
	}
	return stream, nil
}

// makeStream makes a stream that all replicas have, unless it is there.
func (r *replica) makeStream(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig) (jetstream.Stream, error) {
	config.Storage, config.Replicas = jetstream.FileStorage, r.of
	stream, err := js.Stream(ctx, config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, config)
	}
	if err != nil {
		return nil, fmt.Errorf("create stream %s: %w", config.Name, err)
	}
	return stream, nil
}

// makeBucket makes a bucket, unless it is there. Any replica may answer for one that is made as usual, with what it had a
// moment ago; for these, only the one that leads does.
func (in *Initializer) makeBucket(ctx context.Context, name string) (bucket jetstream.KeyValue, err error) {
	if in.replica == nil {
		bucket, err = in.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, Storage: in.storage()})
	} else if _, err = in.makeStream(ctx, jetstream.StreamConfig{
		Name: bucketPrefix + name, Subjects: []string{bucketSubject + name + ".>"}, MaxMsgsPerSubject: 1,
		AllowRollup: true, DenyDelete: true, Discard: jetstream.DiscardNew,
	}); err == nil {
		bucket, err = in.js.KeyValue(ctx, name)
	}
	if err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", name, err)
	}
	return bucket, nil
}
