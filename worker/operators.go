package worker

import (
	"errors"
	"io"
	"sync"

	"flashmob/flow"
)

// openOperators opens the flow's operator for every slot. It returns none for a flow without one.
func (w *worker) openOperators(f *flow.Flow, waiting func() int) (operators []flow.Operator, err error) {
	if !f.HasOperator() {
		return nil, nil
	}
	w.trials.tell = w.tellFailure
	around := flow.Surroundings{Env: w.Env, Ending: func() bool { return w.final.Load() && waiting() == 0 }}
	if w.Stderr != nil {
		around.Stderr = &bounded{to: w.Stderr, left: stderrMost}
	}
	for i := range w.Slots {
		around.Hungry = w.lanes[i].widen
		o, err := f.OpenOperator(around)
		if err != nil {
			return nil, errors.Join(err, closeOperators(operators))
		}
		operators = append(operators, o)
	}
	return operators, nil
}

func closeOperators(operators []flow.Operator) error {
	errs := make([]error, len(operators))
	var group sync.WaitGroup
	for i, o := range operators {
		group.Go(func() { errs[i] = o.Close() })
	}
	group.Wait()
	return errors.Join(errs...)
}

// stderrMost is how much of what a worker's programs say on standard error is passed on.
const stderrMost = 1 << 20

// bounded passes on the first bytes of what is written to it, and drops the rest. Safe for concurrent use.
type bounded struct {
	mu   sync.Mutex
	to   io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := min(len(p), b.left); n > 0 {
		b.left -= n
		if _, err := b.to.Write(p[:n]); err != nil {
			return 0, err
		}
		if b.left == 0 {
			if _, err := io.WriteString(b.to, "\n(the rest of what the programs say is left out)\n"); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}
