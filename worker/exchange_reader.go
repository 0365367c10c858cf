package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// exchangeReader reads the exchange from one delivery on, in order, each delivery once, however often the connection is
// lost meanwhile. A nil reader has nothing to read.
type exchangeReader struct {
	messages jetstream.MessagesContext
	out      chan *delivered
	done     chan struct{}
	reading  sync.WaitGroup
}

// readExchange begins to read at the delivery from.
func readExchange(ctx context.Context, js jetstream.JetStream, from uint64) (*exchangeReader, error) {
	consumer, err := js.OrderedConsumer(ctx, exchangeStream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
	})
	if err != nil {
		return nil, fmt.Errorf("read exchange: %w", err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(4 * groupMost))
	if err != nil {
		return nil, fmt.Errorf("read exchange: %w", err)
	}
	r := &exchangeReader{messages: messages, out: make(chan *delivered, groupMost), done: make(chan struct{})}
	r.reading.Go(r.read)
	return r, nil
}

// read passes on what comes until the reader is stopped.
func (r *exchangeReader) read() {
	for {
		msg, err := r.messages.Next()
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return
		}
		if err != nil {
			continue // the consumer is made anew, behind the delivery that it had last
		}
		d, err := readDelivery(msg)
		if err != nil {
			continue
		}
		select {
		case r.out <- d:
		case <-r.done:
			return
		}
	}
}

// deliveries is where they come; nil where there is no reader.
func (r *exchangeReader) deliveries() <-chan *delivered {
	if r == nil {
		return nil
	}
	return r.out
}

// group returns a delivery and those that are there behind it, as many as should be taken at once.
func (r *exchangeReader) group(first *delivered) []*delivered {
	group := []*delivered{first}
	for len(group) < groupMost {
		select {
		case d := <-r.out:
			group = append(group, d)
		default:
			return group
		}
	}
	return group
}

// stop ends the reader and waits for it.
func (r *exchangeReader) stop() {
	if r == nil {
		return
	}
	close(r.done)
	r.messages.Stop()
	r.reading.Wait()
}
