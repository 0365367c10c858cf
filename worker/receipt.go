package worker

import "github.com/nats-io/nats.go/jetstream"

// receipt is what the gatherer owes for something that it holds in memory only: its message is acked, and the body that it
// has in the depot is dropped, when what it brought is in the result folder. Until then the log keeps it for an initializer
// that takes the place of this one.
type receipt struct {
	msg jetstream.Msg // nil for what came through the exchange
	ref string        // empty where nothing lies in the depot
}

// settle gives what is owed.
func (r receipt) settle(d depot) error {
	if r.ref != "" {
		if err := d.Drop(r.ref); err != nil {
			return err
		}
	}
	if r.msg == nil {
		return nil
	}
	return r.msg.Ack()
}

// pay settles for what is in the folder, unless it stays in the log in any case.
func (g *gatherer) pay(r receipt) error {
	if g.keep {
		return nil
	}
	return r.settle(g.depot)
}

// settle gives what a part owes, and those who brought outputs for it.
func (g *gatherer) settle(part heldPart) error {
	reach("appended")
	if err := g.drop(part.Part); err != nil {
		return err
	}
	for _, r := range part.receipts {
		if err := g.pay(r); err != nil {
			return err
		}
	}
	return nil
}

// floor returns the first delivery of the exchange that the gatherer cannot do without, given the last that it has seen: the
// part that it brought is not in the folder yet.
func (g *gatherer) floor(seen uint64) uint64 {
	floor := seen + 1
	for _, held := range g.held {
		for _, h := range held {
			if h.seq > 0 {
				floor = min(floor, h.seq)
			}
		}
	}
	return floor
}
