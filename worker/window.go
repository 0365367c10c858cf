package worker

import (
	"context"
	"errors"
	"sync"
)

// window bounds how many batches are out: of the initializer's hands, or in a worker's. Safe for concurrent use.
type window struct {
	mu    sync.Mutex
	out   int
	moved chan struct{} // closed and replaced whenever something changes
}

func newWindow() *window { return &window{moved: make(chan struct{})} }

// errDrain says that nothing more is to be handed out: what is out is still awaited.
var errDrain = errors.New("draining")

// enter waits until fewer than limit() batches are out, then counts one more. It returns errDrain once drain is closed.
func (w *window) enter(ctx context.Context, drain <-chan struct{}, limit func() int) error {
	for {
		select {
		case <-drain:
			return errDrain
		default:
		}
		w.mu.Lock()
		if w.out < limit() {
			w.out++
			w.mu.Unlock()
			return nil
		}
		moved := w.moved
		w.mu.Unlock()
		select {
		case <-moved:
		case <-drain:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// fill counts as many more as make limit, and returns how many that are.
func (w *window) fill(limit int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := max(limit-w.out, 0)
	w.out += n
	return n
}

// leave counts n fewer.
func (w *window) leave(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out -= n
	close(w.moved)
	w.moved = make(chan struct{})
}

// stir makes those who wait look at their limit again.
func (w *window) stir() { w.leave(0) }

// count returns how many are out.
func (w *window) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out
}

// empty reports whether nothing is out.
func (w *window) empty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out == 0
}
