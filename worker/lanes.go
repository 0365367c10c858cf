package worker

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// workspace is what a slot needs to put a batch through an operator.
type workspace struct {
	raw, accepted []byte // the bytes of a batch, and of the records in it that are whole
	room          []byte // for what the operator makes of them
}

// workspaces are those that the lanes of a slot do not need just now. What was given back last is taken first: it is still in
// a core's cache. Safe for concurrent use.
type workspaces struct {
	mu   sync.Mutex
	free []workspace
}

// usualLanes is how many lanes of a slot hold a batch, where the operator does not ask for more: two that it has, one that is
// read ahead, and one whose results are on their way out. Every other would hold memory that nobody needs.
const usualLanes = 4

// lanes says how many lanes of a slot may hold a batch. Safe for concurrent use.
type lanes struct {
	workspaces
	*window
	asked
	most atomic.Int64
}

func newLanes() *lanes {
	l := &lanes{window: newWindow()}
	l.most.Store(usualLanes)
	return l
}

// enter waits until the lane may take a batch.
func (l *lanes) enter(ctx context.Context) error {
	return l.window.enter(ctx, nil, func() int { return int(l.most.Load()) })
}

// widen lets all lanes hold a batch from now on.
func (l *lanes) widen() {
	if l.most.Swap(math.MaxInt32) == usualLanes {
		l.stir()
	}
}

func (m *workspaces) take() workspace {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.free) == 0 {
		return workspace{}
	}
	last := m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	return last
}

func (m *workspaces) give(back workspace) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = append(m.free, back)
}
