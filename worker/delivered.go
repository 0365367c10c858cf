package worker

import (
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// delivered is a delivery as its readers have it.
type delivered struct {
	Delivery
	seq  uint64
	body []byte // inline: the part's, then the segments

	span  []byte // the segments from partition first on
	first int
}

// readDelivery takes a message of the exchange apart.
func readDelivery(msg jetstream.Msg) (*delivered, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("read exchange: %w", err)
	}
	d := &delivered{seq: meta.Sequence.Stream}
	if d.body, err = decode(msg.Data(), &d.Delivery); err != nil {
		return nil, fmt.Errorf("read exchange: %w", err)
	}
	if d.Inline > len(d.body) {
		return nil, fmt.Errorf("read exchange: %w", errTorn)
	}
	return d, nil
}

// load makes the segments of partitions first to last available.
func (d *delivered) load(depot depot, first, last int) (err error) {
	if len(d.Segments) == 0 {
		return nil
	}
	var from, n int64
	for p, size := range d.Segments[:last+1] {
		if p < first {
			from += size
		} else {
			n += size
		}
	}
	d.first = first
	if d.Ref != "" {
		d.span, err = depot.Section(d.Ref, from, n)
		return err
	}
	if from += int64(d.Inline); from+n > int64(len(d.body)) {
		return fmt.Errorf("read exchange: %w", errTorn)
	}
	d.span = d.body[from:][:n]
	return nil
}

// segment returns the entries for a partition, of those that were loaded.
func (d *delivered) segment(partition int) []byte {
	if len(d.Segments) == 0 {
		return nil
	}
	var from int64
	for _, size := range d.Segments[d.first:partition] {
		from += size
	}
	return d.span[from:][:d.Segments[partition]]
}
