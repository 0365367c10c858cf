package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flashmob/flow"
)

// trials knows how the operators of a worker have fared, and tells an operator that fails on some records from one that
// fails on everything: the run of such a one is ended, with what it said. Safe for concurrent use.
type trials struct {
	tell func(worker, reason string) // of the first failure

	mu     sync.Mutex
	told   bool
	over   error // why the operator is no good; nil unless it is known not to be
	done   bool  // an operator has done something
	header []byte
	good   []byte  // a record that an operator has done
	pace   float64 // bytes a second, lately
	row    int     // records that failed by themselves, one after the other
	check  int     // how many of them are one too many to go on without a check
	enough int64   // records that an operator does before it ends; 0 for as many as there are
}

const (
	// goodMost is how long a record may be that is kept for checks.
	goodMost = 64 << 10
	// firstCheck is how many records in a row may fail before it is checked that the operator does anything at all.
	firstCheck = 16
	// mostUntried is how many records in a row may fail where nothing has been done yet.
	mostUntried = 8
)

// succeed notes that an operator has done some records.
func (t *trials) succeed(source flow.Source, header, records []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.row, t.check, t.done = 0, firstCheck, true
	if t.good == nil {
		if end := bytes.IndexByte(records, '\n') + 1; end > 0 && end <= goodMost && !source.Quotes(records[:end]) {
			t.header, t.good = bytes.Clone(header), bytes.Clone(records[:end])
		}
	}
}

// tires notes that an operator has ended after so many records, and not because of one of them.
func (t *trials) tires(after int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.enough == 0 || after < t.enough {
		t.enough = after
	}
}

// most returns how many records an operator does; 0 for as many as there are.
func (t *trials) most() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.enough
}

// took notes how long an operator took over some bytes.
func (t *trials) took(bytes int, took time.Duration) {
	if took <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	pace := float64(bytes) / took.Seconds()
	if t.pace == 0 {
		t.pace = pace
	}
	t.pace += (pace - t.pace) / 8
}

const (
	// leastPatience is what any stretch is given.
	leastPatience = time.Second
	// manyTimes is how much longer than it should a stretch may take before it is suspected.
	manyTimes = 20
)

// expect returns how long so many bytes may take before it is likely that they take for ever; 0 where nothing is known.
func (t *trials) expect(bytes int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pace == 0 {
		return 0
	}
	return leastPatience + time.Duration(manyTimes*float64(bytes)/t.pace*float64(time.Second))
}

// judge is called when a batch has failed, before it is halved. It returns an error if the operator fails on everything,
// as far as that can be seen: it has done nothing yet, and fails on single records from all over the batch.
func (t *trials) judge(ctx context.Context, h *halving, raw []byte, failure *flow.Failure) error {
	t.mu.Lock()
	first, untried := !t.told, !t.done
	t.told = true
	t.mu.Unlock()
	if first && t.tell != nil {
		t.tell(h.worker, failure.Reason)
	}
	if !untried {
		return nil
	}
	samples := h.some(raw)
	switch {
	case len(samples) == 1: // that one may be to blame
		return nil
	case failure.TimedOut && len(samples) > 2: // each takes as long again
		samples = samples[1:]
	}
	for _, sample := range samples {
		record, tally, _ := h.check(sample)
		if tally.Out == 0 {
			continue
		}
		_, err := h.ask(ctx, flow.Bundle{Header: h.header, Records: record, Count: 1, Apart: true})
		var again *flow.Failure
		switch {
		case err == nil:
			t.succeed(h.flow.Source, h.header, record)
			return nil
		case !errors.As(err, &again):
			return err
		}
		failure = again
	}
	return t.give(fmt.Errorf("%w: %s", errFailsOnAll, failure.Reason))
}

// give notes that the operator is no good.
func (t *trials) give(verdict error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = verdict
	return verdict
}

// verdict returns why the operator is no good, where that is known.
func (t *trials) verdict() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

// rejected is called when a record has failed by itself.
func (t *trials) rejected(ctx context.Context, h *halving, failure *flow.Failure) error {
	t.mu.Lock()
	t.row++
	hopeless := !t.done && t.row >= mostUntried
	due := t.good != nil && t.row >= max(t.check, firstCheck)
	if due {
		t.check = 2 * t.row
	}
	header, good := t.header, t.good
	t.mu.Unlock()
	switch {
	case hopeless:
		return t.give(fmt.Errorf("%w: %s", errFailsOnAll, failure.Reason))
	case !due:
		return nil
	}
	_, err := h.ask(ctx, flow.Bundle{Header: header, Records: good, Count: 1, Apart: true})
	var again *flow.Failure
	if errors.As(err, &again) {
		return t.give(fmt.Errorf("%w now, what it did before too: %s", errFailsOnAll, again.Reason))
	}
	return err
}

// errFailsOnAll says that the operator is no good: no record is to blame.
var errFailsOnAll = errors.New("the program fails on everything that it is given")
