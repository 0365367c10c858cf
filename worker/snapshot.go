package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"flashmob/flow"
)

// Snapshot says where the last snapshot of a partition is. It stands in the log under the partition's number; whoever
// replaces it must have seen it, so an owner that is one no longer cannot put an older one in its place.
type Snapshot struct {
	Epoch int    `json:"epoch"` // of the deal under which it was handed over, or taken
	At    uint64 `json:"at"`    // the deliveries up to here are in it
	Ref   string `json:"ref"`   // where it lies in the depot
}

// snapshotRecord is a Snapshot and its revision in the log, 0 where there is none.
type snapshotRecord struct {
	Snapshot
	revision uint64
}

// snapshotHead heads a snapshot in the depot. Its body is the states of the stages, one after the other.
type snapshotHead struct {
	Next    Place     `json:"next"`
	Applied []applied `json:"applied"` // by stage; where a stage emits on update, Next says it
	Sizes   []int     `json:"sizes"`
}

// encode writes the partition down.
func (p *partition) encode(buf []byte) ([]byte, error) {
	head := snapshotHead{Next: p.next}
	var states []byte
	for _, s := range p.stages {
		taken := s.applied
		if s.keyed.OnUpdate() {
			taken = applied{}
		}
		before := len(states)
		states = s.state.Snapshot(states)
		head.Applied, head.Sizes = append(head.Applied, taken), append(head.Sizes, len(states)-before)
	}
	body, err := encode(head, states)
	return append(buf, body...), err
}

// decodePartition reads what encode wrote.
func decodePartition(body []byte, number, partitions int, keyed []*flow.Keyed) (*partition, error) {
	var head snapshotHead
	states, err := decode(body, &head)
	if err != nil {
		return nil, err
	}
	if len(head.Applied) != len(keyed) || len(head.Sizes) != len(keyed) {
		return nil, errTorn
	}
	p := &partition{number: number, of: partitions, next: head.Next, held: map[Place]*delivered{}}
	for i, k := range keyed {
		n := head.Sizes[i]
		if n < 0 || n > len(states) {
			return nil, errTorn
		}
		state, err := k.Restore(number, partitions, states[:n])
		if err != nil {
			return nil, err
		}
		states = states[n:]
		p.stages = append(p.stages, keyedStage{keyed: k, state: state, applied: head.Applied[i]})
	}
	return p, nil
}

// snapshots keeps and finds the snapshots of partitions.
type snapshots struct {
	bucket jetstream.KeyValue
	depot  depot
	log    *slog.Logger
}

// find returns the record of a partition's last snapshot, the zero value where there is none.
func (s snapshots) find(ctx context.Context, number int) (r snapshotRecord, err error) {
	var entry jetstream.KeyValueEntry
	err = insist(ctx, s.log, "find snapshot", func() (err error) {
		entry, err = s.bucket.Get(ctx, strconv.Itoa(number))
		return err
	})
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("find snapshot of partition %d: %w", number, err)
	}
	if err := json.Unmarshal(entry.Value(), &r.Snapshot); err != nil {
		return r, fmt.Errorf("find snapshot of partition %d: %w", number, err)
	}
	r.revision = entry.Revision()
	return r, nil
}

// load returns a partition as its last snapshot has it. A snapshot may be replaced, and its body be gone, while it is
// being loaded: then the newer one is.
func (s snapshots) load(ctx context.Context, r snapshotRecord, number, partitions int, keyed []*flow.Keyed) (*partition, error) {
	for r.revision != 0 {
		body, err := s.depot.Get(r.Ref)
		if err == nil {
			p, err := decodePartition(body, number, partitions, keyed)
			if err != nil {
				return nil, fmt.Errorf("load snapshot of partition %d: %w", number, err)
			}
			p.at, p.record = r.At, r
			return p, nil
		}
		newer, findErr := s.find(ctx, number)
		if findErr != nil || newer.revision == r.revision {
			return nil, errors.Join(fmt.Errorf("load snapshot of partition %d: %w", number, err), findErr)
		}
		r = newer
	}
	return newPartition(number, partitions, keyed), nil
}

// save takes a snapshot of a partition under a deal. Where another owner has one that is newer, that one stays.
func (s snapshots) save(ctx context.Context, p *partition, epoch int) error {
	at := p.settled()
	body, err := p.encode(s.depot.Buffer())
	if err != nil {
		return err
	}
	ref, err := s.depot.Put(body)
	if err != nil {
		return err
	}
	reach("snapshot")
	record := snapshotRecord{Snapshot: Snapshot{Epoch: epoch, At: at, Ref: ref}}
	text, err := json.Marshal(record.Snapshot)
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	for {
		// A revision of 0 means that there must be none yet.
		record.revision, err = s.bucket.Update(ctx, strconv.Itoa(p.number), text, p.record.revision)
		if err == nil {
			break
		}
		there, findErr := s.find(ctx, p.number)
		switch {
		case findErr == nil && there.revision == p.record.revision && away(err):
			continue
		case findErr != nil || there.revision == p.record.revision:
			return errors.Join(fmt.Errorf("save snapshot of partition %d: %w", p.number, err), findErr)
		case there.Ref == ref: // it is this one: only the log's reply was lost
			old := p.record
			p.record, p.since = there, 0
			return s.forget(old)
		case there.At > at || there.At == at && there.Epoch >= epoch:
			p.record = there
			return s.depot.Drop(ref)
		}
		p.record = there
	}
	old := p.record
	p.record, p.since = record, 0
	return s.forget(old)
}

// forget drops the body of a snapshot that was replaced.
func (s snapshots) forget(old snapshotRecord) error {
	if old.revision == 0 {
		return nil
	}
	return s.depot.Drop(old.Ref)
}
